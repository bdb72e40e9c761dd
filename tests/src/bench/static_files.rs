//! Tiles over HTTP beside nginx serving the same files.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::StatusCode;
use tokio::task::JoinSet;

use super::batches::{batch, send};
use super::process::{Server, new_log};
use super::table::Row;
use super::{BenchError, Scale, median};
use crate::load::client::Connection;
use crate::load::entry::entry;

/// What is measured.
const WHAT: &str = "GET of full hash tiles, 64 connections";

/// What is asked.
const ASKED: &str = "0.7 x";

/// How many full tiles are fetched in turn, from both servers.
const TILES: u64 = 64;

/// Connections that fetch.
const CONNECTIONS: usize = 64;

/// Fetches the same tiles from the log and from nginx, turn by turn.
pub async fn rows(scale: &Scale) -> Result<Vec<Row>, BenchError> {
    let folder = scale.folder.join("tiles");
    new_log(&folder, "any")?;
    let data = folder.display().to_string();
    let log = Server::start("fiducial-log", &["serve", "--data", &data]).await?;
    let mut at = 0;
    let next = move || {
        let made: Vec<_> = (0..256).map(|offset| entry(9, at * 256 + offset, 32)).collect();
        at += 1;
        (at <= TILES).then(|| batch(made.iter().map(|entry| &entry[..])))
    };
    send(log.address, 1, next).await?;
    let Some(objects) = find_tiles(&folder)? else {
        let why = "no tile files found in the data folder";
        return Ok(vec![Row::missing(WHAT, ASKED, why)]);
    };
    let Some(program) = find_nginx(&scale.folder) else {
        let row = Row::missing(WHAT, ASKED, "nginx is missing (Debian: apt-get install nginx)");
        return Ok(vec![row]);
    };
    let nginx = Nginx::start(&program, &scale.folder, &objects)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..scale.turns {
        ours.push(fetch(log.address, scale.span).await?);
        theirs.push(fetch(nginx.address, scale.span).await?);
    }
    log.stop().await?;
    let (ours, theirs) = (median(ours), median(theirs));
    let ratio = ours / theirs;
    let row = Row::new(WHAT, format!("{ours:.0}/s"), format!("nginx: {theirs:.0}/s"));
    Ok(vec![row.ratio(ratio).asked(ASKED, ratio >= 0.7)])
}

/// The folder that holds `tile/0/`, searched for once the last full tile is there.
fn find_tiles(data: &Path) -> Result<Option<PathBuf>, BenchError> {
    let last = format!("tile/0/{:03}", TILES - 1);
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(20) {
        let mut folders = vec![data.to_path_buf()];
        for item in fs::read_dir(data)? {
            folders.push(item?.path());
        }
        if let Some(found) = folders.into_iter().find(|folder| folder.join(&last).is_file()) {
            return Ok(Some(found));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(None)
}

/// Fetches tile after tile over many connections; requests per second.
async fn fetch(address: SocketAddr, span: Duration) -> Result<f64, BenchError> {
    let paths: Arc<Vec<String>> =
        Arc::new((0..TILES).map(|tile| format!("/tile/0/{tile:03}")).collect());
    let mut connections = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        connections.push(Connection::open(address).await?);
    }
    let started = Instant::now();
    let mut fetchers = JoinSet::new();
    for mut connection in connections {
        let paths = Arc::clone(&paths);
        fetchers.spawn(async move {
            let mut count = 0_u64;
            for path in paths.iter().cycle() {
                if started.elapsed() >= span {
                    break;
                }
                let answer = connection.get(path).await?;
                if answer.status != StatusCode::OK || answer.body.len() != spec::tile::TILE_SIZE {
                    let why = format!("{path}: {}, {} bytes", answer.status, answer.body.len());
                    return Err(BenchError::Broken(why));
                }
                count += 1;
            }
            Ok(count)
        });
    }
    let mut count = 0;
    while let Some(ended) = fetchers.join_next().await {
        count += ended.expect("a fetcher does not panic")?;
    }
    Ok(count as f64 / started.elapsed().as_secs_f64())
}

/// nginx over the same files, with its own configuration and no others. Dropping it stops it.
struct Nginx {
    process: Child,
    address: SocketAddr,
}

impl Nginx {
    fn start(program: &Path, folder: &Path, objects: &Path) -> Result<Self, BenchError> {
        let folder = folder.join("nginx");
        fs::create_dir_all(&folder)?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        fs::write(folder.join("nginx.conf"), configuration(&folder, objects, address))?;
        let mut command = Command::new(program);
        command.arg("-p").arg(&folder).arg("-c").arg(folder.join("nginx.conf"));
        command.arg("-e").arg(folder.join("error.log"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let nginx = Self { process: command.spawn()?, address };
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(5) {
            if std::net::TcpStream::connect(address).is_ok() {
                return Ok(nginx);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let said = fs::read_to_string(folder.join("error.log")).unwrap_or_default();
        Err(BenchError::Program(format!("nginx did not start: {said}")))
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Through its master, which takes the workers along; killing it would leave them behind.
        let id = rustix::process::Pid::from_child(&self.process);
        let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        let _ = self.process.wait();
    }
}

/// The nginx of this machine, or Debian's, unpacked into `folder` and installed nowhere.
fn find_nginx(folder: &Path) -> Option<PathBuf> {
    let runs = |program: &Path| {
        let mut command = Command::new(program);
        command.arg("-v").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let own = PathBuf::from("nginx");
    if runs(&own) {
        return Some(own);
    }
    let folder = folder.join("nginx");
    fs::create_dir_all(&folder).ok()?;
    let quiet = |command: &mut Command| {
        command.current_dir(&folder).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    println!("  nginx is not installed: unpacking Debian's for this run");
    let mut download = Command::new("apt-get");
    if !quiet(download.args(["download", "nginx"])) {
        return None;
    }
    let mut items = fs::read_dir(&folder).ok()?.flatten().map(|item| item.path());
    let package = items.find(|path| path.extension().is_some_and(|end| end == "deb"))?;
    let mut unpack = Command::new("dpkg-deb");
    quiet(unpack.arg("-x").arg(package).arg(".")).then(|| folder.join("usr/sbin/nginx"))
}

/// A worker for each core, as the log has a thread for each; files kept open, no access log.
fn configuration(folder: &Path, objects: &Path, address: SocketAddr) -> String {
    let own = folder.display();
    // Workers of root become another user, who may not look into the benchmark's folder.
    let user = if rustix::process::geteuid().is_root() { "user root;\n" } else { "" };
    format!(
        "{user}daemon off;\nworker_processes auto;\npid {own}/pid;\nerror_log {own}/error.log;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\n  access_log off;\n  sendfile on;\n  tcp_nodelay on;\n  tcp_nopush on;\n\
         \x20 keepalive_requests 1000000000;\n  open_file_cache max=1000;\n\
         \x20 default_type application/octet-stream;\n\
         \x20 client_body_temp_path {own}/body;\n  proxy_temp_path {own}/proxy;\n\
         \x20 fastcgi_temp_path {own}/fastcgi;\n  uwsgi_temp_path {own}/uwsgi;\n\
         \x20 scgi_temp_path {own}/scgi;\n\
         \x20 server {{ listen {address}; root {}; }}\n}}\n",
        objects.display()
    )
}
