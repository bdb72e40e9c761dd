//! Stores of different kinds in one command: what is of one is not sent to the server of another.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::process::Command;

use tempfile::TempDir;

use crate::s3;
use crate::support::{make, text};

/// Runs `fiducial-log` with a key of S3 in the environment. Returns what it says when it refuses.
fn refused(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fiducial-log"));
    command.env("AWS_ACCESS_KEY_ID", s3::KEY).env("AWS_SECRET_ACCESS_KEY", s3::SECRET);
    let output = command.args(arguments).env_remove("FIDUCIAL_LOG_DATA").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    said
}

/// A server that nobody may ask.
struct Silent(TcpListener);

impl Silent {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    fn has_heard_nothing(&self) {
        let accepted = self.0.accept();
        assert!(
            matches!(&accepted, Err(why) if why.kind() == ErrorKind::WouldBlock),
            "{accepted:?}"
        );
    }
}

#[test]
fn a_copy_between_kinds_takes_no_flag_of_one_of_them() {
    let (folder, server) = (TempDir::new().unwrap(), Silent::start());
    let key = make(&folder.path().join("log"));
    let credentials = s3::credentials(folder.path(), s3::KEY, s3::SECRET);
    let url = server.url();
    for (from, to) in
        [("s3://evidence/7", "gs://evidence/7"), ("az://factory7/evidence", "s3://evidence/7")]
    {
        for flag in [
            ["--objects-endpoint", &url],
            ["--objects-credentials", text(&credentials)],
            ["--objects-region", "garage"],
        ] {
            let copy = ["copy", "--from", from, "--to", to, "--log-key", &key];
            let said = refused(&[&copy[..], &flag].concat());
            assert!(said.contains(flag[0]) && said.contains("different kinds"), "{said}");
            assert!(said.contains("Copy one to a folder first"), "{said}");
        }
    }
    server.has_heard_nothing();
}

#[test]
fn a_log_is_not_rebuilt_from_several_kinds_with_the_flags_of_one() {
    let (folder, server) = (TempDir::new().unwrap(), Silent::start());
    let [backup, data] = ["backup", "rebuilt"].map(|name| text(&folder.path().join(name)));
    make(&folder.path().join("backup"));
    let url = server.url();
    let recover = ["recover", "--backup", backup, "--data", data, "--unwitnessed"];
    let stores = ["--from", "s3://evidence/7", "--from", "gs://evidence/7"];
    let said = refused(&[&recover[..], &stores, &["--objects-endpoint", &url]].concat());
    assert!(said.contains("--objects-endpoint") && said.contains("different kinds"), "{said}");
    server.has_heard_nothing();
}

#[test]
fn a_server_uses_nothing_of_its_file_for_a_store_of_another_kind() {
    let (folder, server) = (TempDir::new().unwrap(), Silent::start());
    let data = folder.path().join("log");
    make(&data);
    let credentials = s3::credentials(folder.path(), s3::KEY, s3::SECRET);
    let config = format!(
        "[objects]\nstore = \"s3://evidence/7\"\nendpoint = \"{}/factory7\"\ncredentials = \"{}\"\n",
        server.url(),
        credentials.display()
    );
    std::fs::write(data.join("fiducial-log.toml"), config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_fiducial-log"));
    command.args(["serve", "--data", text(&data), "--listen", "127.0.0.1:0"]);
    command.args(["--objects", "az://factory7/evidence"]);
    for name in ["AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_KEY"] {
        command.env_remove(name);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    // Neither the other store's credentials nor its server: there are none for this one.
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("needs credentials") && said.contains("AZURE_STORAGE"), "{said}");
    server.has_heard_nothing();
}
