"""What keepers of an archive do in the console, in a real browser. tools/test-web starts the uploader, with the accounts root and keeper."""

import os
import unittest
import urllib.error
import urllib.request

import browser
from axe_core_python.selenium import Axe
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

URL = os.environ["CONSOLE_URL"]
PASSWORD = os.environ["CONSOLE_PASSWORD"]
DEBS = os.environ["CONSOLE_DEBS"]
PAGES = ["", "/packages", "/upload", "/suites", "/suites/bookworm", "/promotion", "/tokens", "/users", "/audit", "/keys", "/health", "/account",
         "/webhooks", "/publishers", "/vulnerabilities", "/retention"]
# Lists, and what leads from them to a page of one.
LISTS = {"/webhooks": "main tbody th a", "/users": "main tbody th a", "/packages": "main tbody a"}


def ask(path, token=None):
    """Returns the status of a route of the API."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        return urllib.request.urlopen(urllib.request.Request(URL + path, headers=headers)).status
    except urllib.error.HTTPError as error:
        return error.code


class Console(unittest.TestCase):
    width, dark, script = 1200, False, True

    def setUp(self):
        self.driver = browser.start(width=self.width, dark=self.dark, script=self.script)
        self.addCleanup(self.driver.quit)

    def open(self, path):
        self.driver.get(URL + "/console" + path)

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def until(self, condition, what):
        return WebDriverWait(self.driver, 30, 0.05, ignored_exceptions=[Exception]).until(lambda _: condition(), what)

    def title(self, text):
        self.until(lambda: self.one("h1").text == text, f"the page {text}")

    def fill(self, **fields):
        for name, value in fields.items():
            field = self.one(f"main [name={name}]")
            if field.tag_name == "select":
                Select(field).select_by_visible_text(value)
            else:
                field.clear()
                field.send_keys(value)

    def press(self, text):
        found = [button for button in self.all("button") if button.text == text]
        self.assertEqual(len(found), 1, f"one button {text}")
        found[0].click()

    def sign_in(self, name="root"):
        self.open("")
        self.fill(username=name, password=PASSWORD)
        self.press("Sign in")
        self.title("Overview")


class Journeys(Console):
    def test_signing_in_leads_to_the_page_that_was_asked_for_and_out_again(self):
        self.open("/suites/bookworm")
        self.title("Sign in")
        self.fill(username="root", password="a wrong password")
        self.press("Sign in")
        self.until(lambda: "no account has this name and password" in self.one(".problem").text, "what is wrong")
        self.fill(password=PASSWORD)
        self.press("Sign in")
        self.title("bookworm")
        cookie = self.driver.get_cookie("__Host-session")
        self.assertTrue(cookie["httpOnly"] and cookie["secure"] and cookie["sameSite"] == "Lax", cookie)
        self.press("Sign out")
        self.until(lambda: self.one(".notice").text == "You are signed out.", "signed out")
        self.open("/suites/bookworm")
        self.title("Sign in")

    def at_provider(self):
        """Signs in at the provider as jane, as far as it asks."""
        self.until(lambda: self.driver.current_url.startswith(os.environ["CONSOLE_PROVIDER"]), "at the provider")
        while self.driver.current_url.startswith(os.environ["CONSOLE_PROVIDER"]):
            for name, value in [("login", "jane"), ("password", PASSWORD)]:
                for field in self.all(f"input[name={name}]"):
                    field.send_keys(value)
            here = self.driver.current_url
            (self.all("button[name=answer][value=accept]") or self.all("button[type=submit]"))[0].click()
            self.until(lambda here=here: self.driver.current_url != here, "the next page")

    def test_somebody_signs_in_at_a_real_provider_and_confirms_there(self):
        self.open("/suites/bookworm")
        self.title("Sign in")
        [link for link in self.all("a.button") if link.text == "Sign in with Canaille"][0].click()
        self.at_provider()
        self.title("bookworm")
        self.open("/account")
        self.assertIn("You are signed in as jane, maintainer of bookworm.", self.one("main").text)
        self.assertIn(os.environ["CONSOLE_PROVIDER"], self.one("main").text)
        self.assertIsNone(self.driver.get_cookie("__Host-sign-in"))
        self.driver.get(URL + "/console/confirm?next=/console/keys")
        self.at_provider()
        self.title("Keys")
        self.assertTrue(self.driver.get_cookie("__Host-confirmed")["httpOnly"])

    def test_files_are_uploaded_and_what_is_wrong_is_said_at_each(self):
        self.sign_in("keeper")
        self.open("/upload")
        self.fill(suite="bookworm")
        files = [f"{DEBS}/tool_1.0_all.deb", f"{DEBS}/broken_1.0_all.deb", f"{DEBS}/tool_2.0_all.deb"]
        self.one("#file").send_keys("\n".join(files))
        self.until(lambda: len(self.all("#uploads .done")) == 2, "two were taken")
        failed = self.one("#uploads .failed")
        self.assertIn("dpkg would not accept the package", failed.text)
        self.one("#uploads .done a").click()
        self.title("tool")
        self.fill(section="web", tags="new, shiny")
        self.press("Save")
        self.until(lambda: self.one(".notice").text == "Saved.", "saved")
        self.assertEqual(self.one("#tags").get_attribute("value"), "new, shiny")
        self.open("/packages?tag=shiny")
        self.assertEqual([row.text for row in self.all("tbody th")], ["tool"])

    def test_a_promotion_shows_what_comes_and_what_breaks_first(self):
        self.sign_in()
        self.open("/promotion")
        # `secret-sauce` and a package that needs what is nowhere come from the suite `internal`.
        self.fill(**{"from": "internal", "to": "bookworm", "names": "needy"})
        self.press("Preview")
        self.until(lambda: self.one(".broken strong").text == "needy", "what breaks")
        self.assertIn("nowhere", self.one(".broken").text)
        self.fill(names="useful")
        self.press("Preview")
        self.until(lambda: [row.text for row in self.all("tbody th")] == ["useful"], "what comes")
        self.press("Promote them to bookworm")
        self.until(lambda: self.one(".notice").text.startswith("Promoted."), "promoted")

    def test_a_suite_goes_back_after_a_preview_and_with_the_password(self):
        self.sign_in()
        self.open("/suites/bookworm")
        self.until(lambda: self.all("td.actions a"), "states to go back to")
        self.all("td.actions a")[-1].click()
        self.title("Go back in bookworm")
        self.assertRegex(self.one("main").text, r"\d+ added, \d+ removed, \d+ changed")
        button = self.one("button.bad")
        self.fill(password="a wrong password")
        button.click()
        self.until(lambda: self.one("p.problem").text == "The password is wrong. Nothing has been done yet.", "asked again")
        self.fill(password=PASSWORD)
        self.press("Continue")
        self.until(lambda: self.one(".notice").text.startswith("The suite holds what it held"), "gone back")

    def test_a_user_and_a_token_are_made_and_the_token_works_until_it_is_revoked(self):
        self.sign_in()
        self.open("/users")
        self.fill(username="newcomer", new_password="a long password", role="maintainer", suites="bookworm")
        self.press("Create")
        self.title("newcomer")
        self.open("/tokens")
        self.fill(name="browser", scopes="admin", days="7")
        self.press("Create")
        secret = self.until(lambda: self.one("#secret").text, "the secret")
        self.assertEqual(ask("/api/users", secret), 200)
        self.one("button[aria-label='Revoke browser']").click()
        self.until(lambda: self.one(".notice").text == "Revoked.", "revoked")
        self.assertEqual(ask("/api/users", secret), 401)
        self.assertNotIn(secret, self.driver.page_source)
        self.open("/audit?action=token")
        self.assertEqual([row.text for row in self.all("tbody td:nth-child(3)")][:2], ["token.delete", "token.create"])
        self.one(".chain a").click()
        self.until(lambda: self.one(".chain").text == "The chain of all records is whole.", "the chain was looked at")

    def test_the_keyboard_alone_is_enough(self):
        self.open("")
        active = lambda: self.driver.switch_to.active_element
        self.assertEqual(active().get_attribute("id"), "username")
        active().send_keys("root", Keys.TAB)
        active().send_keys(PASSWORD, Keys.ENTER)
        self.title("Overview")
        self.one("body").send_keys(Keys.TAB)
        self.assertEqual(active().text, "Skip to the content")
        for _ in range(20):
            active().send_keys(Keys.TAB)
            if active().text == "Suites":
                break
        active().send_keys(Keys.ENTER)
        self.title("Suites")


class Access(Console):
    """axe-core finds nothing serious, nothing breaks the policy, and no page is wider than the window."""

    def test_every_page(self):
        self.open("/sign-in")
        self.look("sign-in")
        self.sign_in()
        for page in PAGES:
            with self.subTest(page=page):
                self.open(page)
                self.look(page)
        for page, first in LISTS.items():
            with self.subTest(page=page + "/one"):
                self.open(page)
                self.driver.get(self.one(first).get_attribute("href"))
                self.until(lambda: self.driver.current_url.count("/") > 4, "a page of one")
                self.look(page + "/one")

    def look(self, page):
        found = Axe().run(self.driver)["violations"]
        serious = [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in found if rule["impact"] in ("serious", "critical")]
        self.assertEqual(serious, [], page)
        width = self.driver.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
        self.assertEqual(width, 0, "wider than the window")
        self.assertEqual([entry["message"] for entry in self.driver.get_log("browser")], [], page)


class AccessInTheDark(Access):
    dark = True


class AccessOnAPhone(Access):
    width = 390


class WithoutScript(Console):
    script = False

    def test_pages_show_and_forms_work(self):
        self.sign_in()
        for page in PAGES:
            self.open(page)
            self.assertTrue(self.one("h1").is_displayed(), page)
        self.open("/audit")
        self.fill(actor="nobody")
        self.press("Show")
        self.until(lambda: "No record fits" in self.one(".empty").text, "the filter works")


if __name__ == "__main__":
    unittest.main(verbosity=1)
