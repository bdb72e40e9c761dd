//! A timestamping authority of `openssl`, with keys made afresh, and tokens that no honest one signs.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What an authority's certificate must have.
pub(crate) const GOOD: &str = "keyUsage=critical,digitalSignature\n\
                               extendedKeyUsage=critical,timeStamping\n";

/// Files of one authority in a folder: `ca.pem` above, and certificates by name below it.
pub(crate) struct Tsa {
    folder: PathBuf,
}

impl Tsa {
    /// A root of its own.
    pub(crate) fn new(folder: &Path) -> Self {
        fs::create_dir_all(folder).unwrap();
        let tsa = Self { folder: folder.to_owned() };
        let settings = "[t]\nserial = serial\ndefault_policy = 1.2.3.4\ntsa_name = yes\n\
                        digests = sha1, sha256, sha384, sha512\naccuracy = secs:1, millisecs:500\n";
        tsa.write("settings", settings);
        tsa.write("v2", &format!("{settings}ess_cert_id_alg = sha256\n"));
        tsa.write("v1", &format!("{settings}ess_cert_id_alg = sha1\n"));
        tsa.run(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem \
             -subj /CN=Root -days 3650 -addext basicConstraints=critical,CA:TRUE",
        );
        tsa
    }

    /// A key of this kind (`rsa:2048`, `P-256`) with a certificate below `issuer`.
    pub(crate) fn issue(&self, name: &str, kind: &str, issuer: &str, extensions: &str) {
        self.write("extensions", extensions);
        let key = match kind.strip_prefix("rsa:") {
            Some(bits) => format!("-newkey rsa:{bits}"),
            None => format!("-newkey ec -pkeyopt ec_paramgen_curve:{kind}"),
        };
        self.run(&format!(
            "req -new {key} -nodes -keyout {name}.key -out request -subj /CN={name}"
        ));
        self.run(&format!(
            "x509 -req -in request -CA {issuer}.pem -CAkey {issuer}.key -CAcreateserial -days 3650 \
             -extfile extensions -out {name}.pem"
        ));
    }

    /// Answers a request with `openssl ts`, by the settings `v1` or `v2`.
    pub(crate) fn answer(&self, query: &Path, signer: &str, settings: &str, more: &str) -> Vec<u8> {
        fs::copy(query, self.path("query")).unwrap();
        self.run(&format!(
            "ts -reply -queryfile query -inkey {signer}.key -signer {signer}.pem -config {settings} \
             -section t -out answer {more}"
        ));
        fs::read(self.path("answer")).unwrap()
    }

    /// What an answer states, without its signature.
    pub(crate) fn stated(&self, answer: &[u8]) -> Vec<u8> {
        fs::write(self.path("answer"), answer).unwrap();
        self.run("ts -reply -in answer -token_out -out token");
        self.run("cms -verify -noverify -inform DER -in token -out stated");
        fs::read(self.path("stated")).unwrap()
    }

    /// Signs whatever it is given as a timestamp, without asking whether it is one.
    pub(crate) fn sign(&self, stated: &[u8], signer: &str, more: &str) -> Vec<u8> {
        fs::write(self.path("stated"), stated).unwrap();
        self.run(&format!(
            "cms -sign -binary -nodetach -nosmimecap -cades -econtent_type 1.2.840.113549.1.9.16.1.4 \
             -in stated -outform DER -signer {signer}.pem -inkey {signer}.key -out token {more}"
        ));
        response(&fs::read(self.path("token")).unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn run(&self, words: &str) {
        let mut command = Command::new("openssl");
        let output = command.args(words.split(' ')).current_dir(&self.folder).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {words}\n{said}");
    }
}

/// A token within the response that grants it.
pub(crate) fn response(token: &[u8]) -> Vec<u8> {
    let body = [&[0x30, 0x03, 0x02, 0x01, 0x00], token].concat();
    let size = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&[0x30, 0x82, size[0], size[1]], &body[..]].concat()
}

/// A sequence of less than 256 bytes.
pub(crate) fn sequence(contents: &[u8]) -> Vec<u8> {
    let size = u8::try_from(contents.len()).unwrap();
    let head = if size < 0x80 { vec![0x30, size] } else { vec![0x30, 0x81, size] };
    [&head, contents].concat()
}

/// The bytes with one run of them exchanged for another of the same length.
pub(crate) fn exchanged(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let at = bytes.windows(old.len()).position(|window| window == old).unwrap();
    [&bytes[..at], new, &bytes[at + old.len()..]].concat()
}
