"""Pictures of the console: light, dark, and on a phone. usage: console_screenshots.py FOLDER"""

import os
import sys

import browser
from screenshots import LOOKS, resize, save
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

URL = os.environ["CONSOLE_URL"] + "/console"
PAGES = {
    "overview": "",
    "packages": "/packages",
    "console-suite": "/suites/bookworm",
    "audit": "/audit",
    "tokens": "/tokens",
    "webhooks": "/webhooks",
    "publishers": "/publishers",
    "vulnerabilities": "/vulnerabilities",
    "retention": "/retention",
}
# Pages of one, by the list that leads there and its text.
OF_ONE = {"webhook": ("/webhooks", "chat room"), "quota": ("/users", "keeper")}


def sign_in(driver):
    driver.get(URL)
    driver.find_element(By.NAME, "username").send_keys("root")
    driver.find_element(By.NAME, "password").send_keys(os.environ["CONSOLE_PASSWORD"])
    driver.find_element(By.CSS_SELECTOR, "main button").click()
    WebDriverWait(driver, 20, 0.05, ignored_exceptions=[Exception]).until(lambda _: driver.find_element(By.TAG_NAME, "h1").text == "Overview")


def main(folder):
    for look, (width, height, dark) in LOOKS.items():
        driver = browser.start(width, height, dark)
        resize(driver, width, height)
        driver.get(URL + "/sign-in")
        save(driver, f"{folder}/sign-in-{look}.png", height)
        resize(driver, width, height)
        sign_in(driver)
        for name, (page, text) in OF_ONE.items():
            resize(driver, width, height)
            driver.get(URL + page)
            driver.get(driver.find_element(By.LINK_TEXT, text).get_attribute("href"))
            save(driver, f"{folder}/{name}-{look}.png", height)
        for name, page in PAGES.items():
            resize(driver, width, height)
            driver.get(URL + page)
            save(driver, f"{folder}/{name}-{look}.png", height)
        resize(driver, width, height)
        driver.get(URL + "/promotion")
        for name, value in {"from": "internal", "to": "bookworm", "names": "needy secret-sauce"}.items():
            driver.find_element(By.NAME, name).send_keys(value)
        driver.find_element(By.CSS_SELECTOR, "main .filters button").click()
        WebDriverWait(driver, 20, 0.05).until(lambda _: driver.find_elements(By.CSS_SELECTOR, ".broken"))
        save(driver, f"{folder}/promotion-{look}.png", height)
        driver.quit()


main(sys.argv[1])
