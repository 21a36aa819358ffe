"""A real sign-in provider on another site than the console: Canaille, with a person in a group and a client for the uploader. usage: provider.py PORT CONSOLE_URL PASSWORD SECRET"""

import datetime
import sys

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend

port, console, password, secret = sys.argv[1:]
app = create_app(
    config={
        "SECRET_KEY": secret,
        "SERVER_NAME": f"localhost:{port}",
        "PREFERRED_URL_SCHEME": "http",
        "TESTING": False,
        "CANAILLE": {"DATABASE": "memory", "JAVASCRIPT": False, "HTMX": False, "SMTP": None, "CAPTCHA_ENABLED": False, "ACL": {"DEFAULT": {"PERMISSIONS": ["use_oidc"]}}},
        "CANAILLE_OIDC": {"USERINFO_MAPPING": {"PREFERRED_USERNAME": "{{ user.user_name }}"}},
    },
)
with app.app_context():
    jane = models.User(user_name="jane", family_name="Doe", formatted_name="Jane Doe", emails=["jane@example.org"], password=password)
    Backend.instance.save(jane)
    Backend.instance.save(models.Group(display_name="packagers", members=[jane]))
    client = models.Client(
        client_id="archive",
        client_name="Archive",
        client_secret=secret,
        client_id_issued_at=datetime.datetime.now(datetime.timezone.utc),
        redirect_uris=[f"{console}/console/sign-in/answer"],
        grant_types=["authorization_code"],
        response_types=["code"],
        scope=["openid", "profile", "email", "groups"],
        token_endpoint_auth_method="client_secret_basic",
        id_token_signed_response_alg="RS256",
    )
    Backend.instance.save(client)
    # It refers to what was saved.
    client.audience = [client]
    Backend.instance.save(client)
app.run("127.0.0.1", int(port), threaded=True)
