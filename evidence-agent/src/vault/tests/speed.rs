//! Throw-away.
use super::support::*;
use crate::model::{Content, ItemKey};
use crate::vault::Unlock;
use std::time::Instant;

#[test]
fn speed() {
    for unlock in [Unlock::Plain, passphrase()] {
        let folder = tempfile::tempdir_in(std::env::var("SPEED").unwrap()).unwrap();
        let vault = create(&folder.path().join("V"), &unlock);
        vault.set_reserve(0);
        let mut content = vec![b'x'; 8000];
        let start = Instant::now();
        let (mut prep, mut store, mut commit) = (0.0, 0.0, 0.0);
        for batch in 0..100_u64 {
            let mut capture = vault.capture().unwrap();
            for n in batch * 1000..batch * 1000 + 1000 {
                let t = Instant::now();
                content[..8].copy_from_slice(&n.to_be_bytes());
                let p = pending(n);
                let (k, s) = (ItemKey(format!("day/report-{n}.json").into_bytes()), seen(n));
                prep += t.elapsed().as_secs_f64();
                let t = Instant::now();
                let stored = capture.store(&Content::Bytes(content.clone())).unwrap();
                store += t.elapsed().as_secs_f64();
                capture.put_seen(&watch(), &k, &s);
                capture.put_link("newest", &format!("PNL{n:05}"), &n.to_be_bytes());
                let p = crate::model::Pending { evidence: Some(stored.sha256), ..p };
                capture.put_pending(&source(), p);
            }
            let t = Instant::now();
            capture.commit().unwrap();
            commit += t.elapsed().as_secs_f64();
        }
        let all = start.elapsed().as_secs_f64();
        let t = Instant::now();
        let mut sealed = 0;
        while vault.pending_count(&source()).unwrap() > 0 {
            seal(&vault, 4095).unwrap();
            sealed += 1;
        }
        let seal_time = t.elapsed().as_secs_f64();
        let t = Instant::now();
        let checked = vault.check(&mut |_| {}).unwrap();
        println!(
            "SPEED capture {:.2}s (of which test prep {prep:.2}, store {store:.2}, commit {commit:.2}); {sealed} seals {seal_time:.2}s; check {:.2}s damage {}; redb {} MB",
            all,
            t.elapsed().as_secs_f64(),
            checked.damage.len(),
            std::fs::metadata(vault.folder().join("vault.redb")).unwrap().len() >> 20
        );
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        println!("SPEED {}", status.lines().find(|l| l.starts_with("VmHWM")).unwrap());
    }
}
