"""What people do with the pages of an archive, in a real browser. tools/test-web makes the archive and serves it."""

import json
import unittest

import browser
from axe_core_python.selenium import Axe
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

PAGES = [
    "index.html",
    "status.html",
    "browse/bookworm/index.html",
    "browse/bookworm/_all/index.html",
    "browse/bookworm/_section/science/index.html",
    "browse/bookworm/_newest/index.html",
    "browse/bookworm/weather-station/index.html",
    "browse/bookworm/evil-field/index.html",
]


class Browser(unittest.TestCase):
    width, dark, script = 1200, False, True

    def setUp(self):
        self.driver = browser.start(width=self.width, dark=self.dark, script=self.script)
        self.addCleanup(self.driver.quit)

    def open(self, path):
        self.driver.get(browser.URL + path)

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def until(self, condition, what):
        return WebDriverWait(self.driver, 20, 0.02).until(lambda _: condition(), what)

    def results(self):
        # At one moment: the next key replaces them.
        return self.driver.execute_script("return [...document.querySelectorAll('#results strong')].map((name) => name.textContent)")


class Journeys(Browser):
    def test_a_search_finds_by_name_and_by_summary_and_leads_to_the_page(self):
        self.open("browse/bookworm/index.html")
        field = self.one("#q")
        field.send_keys("w")
        self.until(lambda: self.results()[:2] == ["wind-gauge", "weather-station"], "names come first")
        field.clear()
        field.send_keys("tipping buckets")
        self.until(lambda: self.results() == ["rain-gauge"], "words of a summary are found")
        field.clear()
        field.send_keys("perl 15")
        self.until(lambda: len(self.results()) == 12, "a word that many have, narrowed by another")
        field.clear()
        field.send_keys("g++")
        self.until(lambda: self.results() == ["g++-weather"], "signs of a name count")
        self.one("#results a").click()
        self.until(lambda: self.one("h1").text.startswith("g++-weather"), "the result leads to the page")
        self.assertIn("g%2B%2B-weather", self.driver.current_url)

    def test_a_search_costs_little_and_is_quick(self):
        self.open("browse/bookworm/index.html")
        took = self.driver.execute_async_script(
            """const done = arguments[0], input = document.getElementById("q"), begun = performance.now();
            new MutationObserver(() => done(performance.now() - begun))
              .observe(document.getElementById("results"), {childList: true});
            input.value = "w"; input.dispatchEvent(new Event("input"));"""
        )
        self.assertLess(took, 100, "milliseconds from the first key to results")
        self.one("#q").send_keys("eather")
        self.until(lambda: "weather-station" in self.results(), "results")
        fetched = self.driver.execute_script(
            """return performance.getEntriesByType("resource").filter((entry) => entry.name.includes("_search"))
              .map((entry) => entry.decodedBodySize).reduce((sum, size) => sum + size, 0)"""
        )
        self.assertTrue(0 < fetched < 60_000, fetched)

    def test_a_search_works_by_the_keyboard_alone(self):
        self.open("browse/bookworm/weather-station/index.html")
        self.driver.switch_to.active_element.send_keys("/")
        self.assertEqual(self.driver.switch_to.active_element.get_attribute("id"), "q")
        self.driver.switch_to.active_element.send_keys("gauge")
        self.until(lambda: len(self.results()) == 2, "results")
        self.driver.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
        self.driver.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
        self.driver.switch_to.active_element.send_keys(Keys.ENTER)
        self.until(lambda: self.one("h1").text.startswith("wind-gauge"), "the second result opens")
        self.one("body").send_keys(Keys.TAB)
        self.assertEqual(self.driver.switch_to.active_element.text, "Skip to the content")

    def test_set_up_commands_are_copied_as_they_are_shown(self):
        self.open("index.html")
        permission = {"permission": {"name": "clipboard-write"}, "setting": "granted", "origin": browser.URL}
        self.driver.execute_cdp_cmd("Browser.setPermission", permission)
        permission["permission"] = {"name": "clipboard-read"}
        self.driver.execute_cdp_cmd("Browser.setPermission", permission)
        button = self.one(".steps .copy")
        button.click()
        self.until(lambda: button.text == "Copied", "the button says so")
        copied = self.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
        self.assertIn("BEGIN PGP PUBLIC KEY BLOCK", copied)
        self.assertTrue(copied.startswith("sudo tee /etc/apt/sources.list.d/example-weather-bookworm.sources"), copied)
        groups = [group.text for group in self.all(".fingerprint span")]
        self.assertEqual({len(group) for group in groups}, {4})

    def test_relations_lead_both_ways(self):
        self.open("browse/bookworm/weather-station/index.html")
        self.one(".relations a").click()
        self.until(lambda: self.one("h1").text.startswith("libweather2"), "what it needs")
        needed = [link.text for link in self.all("#needed-by + ul a")]
        self.assertEqual(needed, ["libweather-dev", "python3-weather", "sensor-hub", "weather-station"])

    def test_what_a_package_says_is_never_run(self):
        for page in ["browse/bookworm/evil-field/index.html", "browse/bookworm/index.html"]:
            self.open(page)
            self.one("#q").send_keys("evil")
            self.until(lambda: self.results() == ["evil-field"], "it is found")
            self.assertNotIn("owned", self.driver.title)
            self.assertEqual(self.all("main b, #results b, main img[src=x]"), [])

    def test_no_page_asks_for_anything_from_elsewhere_or_breaks_its_policy(self):
        for page in PAGES:
            self.open(page)
            log = [entry["message"] for entry in self.driver.get_log("browser")]
            self.assertEqual(log, [], page)
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.assertTrue(message["params"]["request"]["url"].startswith(browser.URL), message)

    def test_nothing_of_a_private_suite_is_there(self):
        for page in PAGES:
            self.open(page)
            for word in ["secret-sauce", "internal"]:
                self.assertNotIn(word, self.driver.page_source, page)


class Access(Browser):
    """axe-core finds nothing serious, and no page is wider than the window."""

    def test_every_page(self):
        for page in PAGES:
            with self.subTest(page=page):
                self.open(page)
                found = Axe().run(self.driver)["violations"]
                serious = [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in found if rule["impact"] in ("serious", "critical")]
                self.assertEqual(serious, [])
                width = self.driver.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
                self.assertEqual(width, 0, "wider than the window")


class AccessInTheDark(Access):
    dark = True


class AccessOnAPhone(Access):
    width = 390


class WithoutScript(Browser):
    script = False

    def test_pages_are_readable_and_lead_everywhere(self):
        self.open("index.html")
        self.assertFalse(self.one(".search").is_displayed())
        self.one(".card a").click()
        self.one(".chips a").click()
        link = [link for link in self.all(".chips a") if link.text.startswith("l…")]
        link[0].click()
        self.assertTrue(self.one("h1").text.endswith("l…"))


if __name__ == "__main__":
    unittest.main(verbosity=1)
