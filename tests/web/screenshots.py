"""Pictures of the main pages: light, dark, and on a phone. usage: screenshots.py FOLDER"""

import io
import os
import sys

import browser
from PIL import Image
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

PAGES = {"home": "index.html", "suite": "browse/bookworm/index.html", "package": "browse/bookworm/weather-station/index.html", "status": "status.html"}
LOOKS = {"light": (1200, 900, False), "dark": (1200, 900, True), "phone": (390, 844, False)}


def resize(driver, width, height):
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def save(driver, path, height):
    whole = driver.execute_script("return document.documentElement.scrollHeight")
    size = driver.execute_script("return document.documentElement.clientWidth"), min(whole, height * 2)
    resize(driver, *size)
    picture = Image.open(io.BytesIO(driver.get_screenshot_as_png())).convert("RGB")
    # Few colours are in it: a palette makes a third of the file.
    picture.quantize(96, dither=Image.Dither.NONE).save(path, optimize=True)


def main(folder):
    os.makedirs(folder, exist_ok=True)
    for look, (width, height, dark) in LOOKS.items():
        driver = browser.start(width, height, dark)
        for name, page in PAGES.items():
            resize(driver, width, height)
            driver.get(browser.URL + page)
            save(driver, f"{folder}/{name}-{look}.png", height)
        resize(driver, width, height)
        driver.get(browser.URL + PAGES["suite"])
        driver.find_element(By.ID, "q").send_keys("weather")
        WebDriverWait(driver, 20, 0.02).until(lambda _: len(driver.find_elements(By.CSS_SELECTOR, "#results li")) > 3)
        save(driver, f"{folder}/search-{look}.png", height // 2)
        driver.quit()


if __name__ == "__main__":
    main(sys.argv[1])
