//! The real nginx, with the configuration that this project ships.

use crate::certificates::ServerCertificate;
use crate::http::{self, Response};
use crate::{Run, workspace};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long nginx may take to listen, and to write its log: far more than it needs on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running nginx that serves one folder; stopped when dropped.
pub struct Nginx {
    folder: TempDir,
    process: Child,
    port: u16,
}

/// A line of the access log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The method, as `GET`.
    pub method: String,
    /// The path as it was sent.
    pub path: String,
    /// The status it was answered with.
    pub status: u16,
    /// What a cache had, as `HIT`; `-` where there is none.
    pub cache: String,
}

impl Nginx {
    /// Serves `root` on a free port of 127.0.0.1 with `nginx/archive.conf`.
    pub fn serve(root: &Path) -> Self {
        Self::serve_with(root, str::to_owned)
    }

    /// Serves `root` with `nginx/archive.conf` after `edit`, as a user would edit it.
    pub fn serve_with(root: &Path, edit: impl Fn(&str) -> String) -> Self {
        Self::start(&|_, listen| archive_block(root, listen, &edit))
    }

    /// Serves `root` with `nginx/archive.conf`, and with `nginx/uploader.conf` in it for an uploader on a port.
    pub fn before(uploader: u16, root: &Path) -> Self {
        let locations = std::fs::read_to_string(workspace().join("nginx/uploader.conf")).unwrap();
        let locations = locations.replace("127.0.0.1:3000", &format!("127.0.0.1:{uploader}"));
        Self::serve_with(root, |shipped| {
            replace_once(
                shipped,
                "    location / {",
                &format!("{locations}\n    location / {{"),
            )
        })
    }

    /// Stands before `archive` as a cache that serves each InRelease and Release for `seconds` after it came.
    ///
    /// It is what a site's proxy is at its worst: it goes by its own times instead of the archive's, and while it asks for a
    /// new file it hands out the old one. Each line of its access log ends in the status of its cache, as `HIT`.
    pub fn caching(archive: &Self, seconds: u32) -> Self {
        let upstream = archive.url();
        Self::start(&|folder, listen| {
            format!(
                "proxy_cache_path {folder}/cache keys_zone=archive:1m;\n\
                 server {{\n\
                 listen {listen};\n\
                 proxy_cache archive;\n\
                 proxy_ignore_headers Cache-Control Expires;\n\
                 proxy_cache_lock on;\n\
                 proxy_cache_use_stale updating;\n\
                 gzip off;\n\
                 location ~ /(In)?Release(\\.gpg)?$ {{ proxy_pass {upstream}; proxy_cache_valid 200 {seconds}s; }}\n\
                 location / {{ proxy_pass {upstream}; proxy_cache_valid 200 1h; }}\n\
                 }}"
            )
        })
    }

    /// Stands before a server at `upstream` and speaks TLS, with a certificate.
    pub fn encrypting(upstream: &str, server: &ServerCertificate) -> Self {
        let (certificate, key) = (server.certificate.display(), server.key.display());
        Self::start(&|_, listen| {
            format!(
                "server {{ listen {listen} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};\n\
                 location / {{ proxy_pass {upstream}; }} }}"
            )
        })
    }

    /// Starts nginx with the server block that `block` makes for a folder of its own and an address to listen on.
    fn start(block: &dyn Fn(&str, &str) -> String) -> Self {
        // The port is free when it is chosen; another process may take it before nginx does, so one lost race is not the end.
        (0..5)
            .find_map(|_| Self::try_start(free_port(), block))
            .expect("nginx found no port to listen on")
    }

    fn try_start(port: u16, block: &dyn Fn(&str, &str) -> String) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let block = block(&folder.path().display().to_string(), &format!("127.0.0.1:{port}"));
        let config = write_config(folder.path(), &block);
        let process = nginx(folder.path(), &config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Self {
            folder,
            process,
            port,
        };
        let deadline = Instant::now() + PATIENCE;
        loop {
            if server.process.try_wait().unwrap().is_some() {
                let log = server.error_log();
                assert!(
                    log.contains("Address already in use"),
                    "nginx did not start:\n{log}"
                );
                return None;
            }
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(server);
            }
            assert!(
                Instant::now() < deadline,
                "nginx does not listen:\n{}",
                server.error_log()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Returns the address to give to clients, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Fetches a path.
    pub fn get(&self, path: &str) -> Response {
        http::request(self.port, "GET", path, &[])
    }

    /// Returns all that was asked for so far, in order.
    pub fn access_log(&self) -> Vec<Access> {
        // nginx logs a request after it was answered. One worker logs in order: once this request is there, all before it are.
        let marker = format!("/log-marker-{}", self.read("access.log").len());
        self.get(&marker);
        let deadline = Instant::now() + PATIENCE;
        let log = loop {
            let log = self.read("access.log");
            if log.contains(&marker) {
                break log;
            }
            assert!(
                Instant::now() < deadline,
                "nginx did not log the request for {marker}"
            );
            std::thread::sleep(Duration::from_millis(5));
        };
        log.lines()
            .filter_map(Access::parse)
            .filter(|access| !access.path.starts_with("/log-marker-"))
            .collect()
    }

    /// Returns what nginx complained about.
    pub fn error_log(&self) -> String {
        self.read("error.log")
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }
}

impl Access {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let (method, path, status) = (words.next()?, words.next()?, words.next()?);
        Some(Self {
            method: method.to_owned(),
            path: path.to_owned(),
            status: status.parse().ok()?,
            cache: words.next().unwrap_or("-").to_owned(),
        })
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // One process without a master: nothing is left behind. An error means that it is gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs `nginx -t` on the shipped configuration for `root`.
pub fn check_configuration(root: &Path) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let block = archive_block(root, "127.0.0.1:8000", &str::to_owned);
    let config = write_config(folder.path(), &block);
    Run::of(nginx(folder.path(), &config).arg("-t"))
}

fn nginx(prefix: &Path, config: &Path) -> Command {
    // Debian has it in /usr/sbin, which is not on everyone's PATH.
    let program = if Path::new("/usr/sbin/nginx").exists() {
        "/usr/sbin/nginx"
    } else {
        "nginx"
    };
    let mut command = Command::new(program);
    command
        .arg("-p")
        .arg(prefix)
        .arg("-c")
        .arg(config)
        .arg("-e")
        .arg(prefix.join("error.log"));
    command
}

/// Returns the shipped server block with its marked lines edited, and with what `edit` makes of it.
fn archive_block(root: &Path, listen: &str, edit: &dyn Fn(&str) -> String) -> String {
    let shipped = std::fs::read_to_string(workspace().join("nginx/archive.conf")).unwrap();
    let server = replace_once(&shipped, "listen 80;", &format!("listen {listen};"));
    let server = replace_once(
        &server,
        "root /srv/archive;",
        &format!("root {};", root.display()),
    );
    edit(&server)
}

/// Writes a server block inside the least main configuration, and returns its path.
fn write_config(folder: &Path, server: &str) -> PathBuf {
    let at = folder.display();
    let main = format!(
        "daemon off;\nmaster_process off;\npid {at}/nginx.pid;\nerror_log {at}/error.log;\n\
         events {{ worker_connections 256; }}\n\
         http {{\n\
         log_format plain '$request_method $request_uri $status $upstream_cache_status';\n\
         access_log {at}/access.log plain;\n\
         client_body_temp_path {at}/body; proxy_temp_path {at}/proxy; fastcgi_temp_path {at}/fastcgi;\n\
         uwsgi_temp_path {at}/uwsgi; scgi_temp_path {at}/scgi;\n\
         # What Debian's own nginx.conf sets, so that the server block is seen to override it.\n\
         include /etc/nginx/mime.types;\n\
         gzip on;\n\
         {server}\n}}\n"
    );
    let path = folder.join("nginx.conf");
    std::fs::write(&path, main).unwrap();
    path
}

fn replace_once(text: &str, from: &str, to: &str) -> String {
    assert_eq!(
        text.matches(from).count(),
        1,
        "nginx/archive.conf should hold `{from}` once, for users to edit"
    );
    text.replace(from, to)
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
