//! Ceph's gateway (RGW), a strict S3 server: unpacked once from Debian's packages, beside the system's own.
//!
//! apt fetches and checks the packages. Nothing is installed: they are unpacked into the cache, and what their
//! programs load is looked for there first.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::engine::cache;
use crate::run::{passes, show};

/// What the tests start. The rest of Ceph is not needed.
const PROGRAMS: [&str; 6] =
    ["ceph-mon", "ceph-osd", "monmaptool", "osdmaptool", "radosgw", "radosgw-admin"];

/// The packages they are in, and those that must be of the same version.
const PACKAGES: [&str; 7] =
    ["ceph-base", "ceph-common", "ceph-mon", "ceph-osd", "librados2", "librgw2", "radosgw"];

/// What else there is to do.
const INSTEAD: &str = "leave --rgw out, or name a folder with Ceph's programs in FIDUCIAL_RGW";

/// The folder with `usr/bin/radosgw` and the others: the system's where they are installed, or the one that
/// was filled before; else one is filled now.
pub(crate) fn programs() -> Result<PathBuf, String> {
    let system = PathBuf::from("/");
    if work(&system) {
        return Ok(system);
    }
    let (cache, release) = (cache()?, release()?);
    let folder = cache.join(format!("ceph-{release}"));
    if work(&folder) {
        return Ok(folder);
    }
    out!(
        "Ceph's gateway is not on this machine. The packages of this release, {release}, are unpacked"
    );
    out!("now, once, into {}: that takes a minute, a network and 300 MB.", folder.display());
    fill(&cache, &release, unpack)
}

/// Has the folder of this release filled by `unpack`, which is given one that is not there yet. One run unpacks at
/// a time; the next waits for it, and finds all there.
fn fill(
    cache: &Path,
    release: &str,
    unpack: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<PathBuf, String> {
    fs::create_dir_all(cache).map_err(|why| failed(cache, &why))?;
    let _alone = lock(&cache.join(format!("ceph-{release}.lock")))?;
    let folder = cache.join(format!("ceph-{release}"));
    if work(&folder) {
        return Ok(folder);
    }
    // Only what is whole gets the name that is looked for. What stands under this one is unfinished, and nobody's
    // now: a run that was killed has left it.
    let new = cache.join(format!("ceph-{release}.new"));
    remove(&new)?;
    let filled = unpack(&new).and_then(|()| put_in_place(&new, &folder));
    if filled.is_err() {
        // The first trouble is the one to be told.
        drop(remove(&new));
    }
    filled?;
    Ok(folder)
}

/// Waits until no other run has this file. The system lets go of it for a run that is killed.
fn lock(path: &Path) -> Result<File, String> {
    let file = File::create(path).map_err(|why| failed(path, &why))?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => {
            out!("Another run is at it; this one waits until it is done.")
        }
        Err(TryLockError::Error(why)) => return Err(failed(path, &why)),
    }
    file.lock().map_err(|why| failed(path, &why))?;
    Ok(file)
}

/// Gives what was unpacked its name.
fn put_in_place(new: &Path, folder: &Path) -> Result<(), String> {
    if !work(new) {
        return Err(format!("Ceph's programs in {} do not run; {INSTEAD}", new.display()));
    }
    remove(folder)?;
    fs::rename(new, folder).map_err(|why| failed(folder, &why))
}

/// Fetches the packages and unpacks them into `root`, and nothing else is there then.
fn unpack(root: &Path) -> Result<(), String> {
    let archives = root.join("packages");
    fs::create_dir_all(&archives).map_err(|why| failed(&archives, &why))?;
    let mut fetch = Command::new("apt-get");
    fetch.arg("download").args(packages()?).current_dir(&archives);
    if !passes(&mut fetch)? {
        return Err(format!(
            "the packages cannot be fetched; if they are not there any more, `apt-get update` as root \
             learns of the newer ones. Else {INSTEAD}"
        ));
    }
    for archive in fs::read_dir(&archives).map_err(|why| failed(&archives, &why))? {
        let archive = archive.map_err(|why| failed(&archives, &why))?.path();
        if !passes(Command::new("dpkg-deb").arg("--extract").arg(&archive).arg(root))? {
            return Err(format!("{} cannot be unpacked; {INSTEAD}", archive.display()));
        }
    }
    remove(&archives)
}

/// The packages to unpack: apt knows which libraries this machine lacks.
fn packages() -> Result<Vec<String>, String> {
    if rustix::process::geteuid().is_root() {
        // Where the lists are old, the packages that they name are gone. If this fails, the next step says more.
        drop(passes(Command::new("apt-get").args(["update", "-qq"])));
    }
    let mut ask = Command::new("apt-get");
    ask.args(["install", "--simulate", "--no-install-recommends"])
        .args(PACKAGES)
        .env("LC_ALL", "C");
    show(&ask);
    let answer = ask.stdin(Stdio::null()).output();
    let answer = answer.map_err(|why| format!("apt-get does not run ({why}); {INSTEAD}"))?;
    if !answer.status.success() {
        let said = String::from_utf8_lossy(&answer.stderr);
        return Err(format!("apt-get has no such packages; {INSTEAD}\n{said}"));
    }
    Ok(needed(&String::from_utf8_lossy(&answer.stdout)))
}

/// [`PACKAGES`], and of those that apt would install the libraries. The others administer disks and machines;
/// one of them (`sudo`) would leave a program in the cache that runs with its owner's rights.
fn needed(simulated: &str) -> Vec<String> {
    let missing =
        simulated.lines().filter_map(|line| line.strip_prefix("Inst ")?.split(' ').next());
    let libraries = missing.filter(|name| name.starts_with("lib"));
    let mut all: Vec<String> = libraries.chain(PACKAGES).map(str::to_owned).collect();
    all.sort();
    all.dedup();
    all
}

/// Whether all programs are below `root`, and find there or in the system what they load.
fn work(root: &Path) -> bool {
    let Some(libraries) = libraries(root) else { return false };
    PROGRAMS.iter().all(|name| {
        let mut command = Command::new(root.join("usr/bin").join(name));
        command.arg("--version").env("LD_LIBRARY_PATH", &libraries).env_remove("CEPH_ARGS");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    })
}

/// Where programs below `root` look for libraries, as the tests have them look: `usr/lib` of the machine's
/// architecture, Ceph's own folder there, and `lib`, where some packages have theirs.
fn libraries(root: &Path) -> Option<std::ffi::OsString> {
    let mut folders = fs::read_dir(root.join("usr/lib")).ok()?.filter_map(Result::ok);
    let own = folders.find(|folder| folder.path().join("rados-classes").is_dir())?;
    let paths = [own.path(), own.path().join("ceph"), root.join("lib").join(own.file_name())];
    std::env::join_paths(paths).ok()
}

/// The system's release, such as `debian-12`: what was unpacked for another one may not run here.
fn release() -> Result<String, String> {
    let file = Path::new("/etc/os-release");
    let text =
        fs::read_to_string(file).map_err(|why| format!("{}; {INSTEAD}", failed(file, &why)))?;
    release_of(&text).ok_or_else(|| format!("{} names no release; {INSTEAD}", file.display()))
}

fn release_of(text: &str) -> Option<String> {
    let value = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once('='));
        let (_, value) = lines.find(|(found, _)| *found == name)?;
        let value = value.trim_matches(['"', '\'']);
        let plain = |letter: char| letter.is_ascii_alphanumeric() || ".-_".contains(letter);
        (!value.is_empty() && value.chars().all(plain)).then(|| value.to_owned())
    };
    Some(format!("{}-{}", value("ID")?, value("VERSION_ID")?))
}

/// Removes a folder with all that is in it, if it is there.
fn remove(folder: &Path) -> Result<(), String> {
    match fs::remove_dir_all(folder) {
        Err(why) if why.kind() != std::io::ErrorKind::NotFound => Err(failed(folder, &why)),
        _ => Ok(()),
    }
}

fn failed(path: &Path, why: &std::io::Error) -> String {
    format!("{}: {why}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_unpacked_and_what_administers_a_machine_is_not() {
        let said = "Reading package lists...\n\
                    Inst libfmt9 (9.1.0+ds1-2 Debian:12.11/oldstable [amd64])\n\
                    Inst librados2 (16.2.15 Debian:12.11/oldstable [amd64])\n\
                    Inst python3-rados (16.2.15 Debian:12.11/oldstable [amd64])\n\
                    Inst sudo (1.9 Debian:12.11/oldstable [amd64])\n\
                    Conf libsnappy1v5 (1.1.9-3 Debian:12.11/oldstable [amd64])\n";
        let mut all = PACKAGES.map(str::to_owned).to_vec();
        // Also where they are installed: programs and their own libraries are of one version then.
        assert_eq!(needed(""), all);
        all.insert(4, "libfmt9".to_owned());
        assert_eq!(needed(said), all);
    }

    #[test]
    fn a_release_is_read_and_no_path_is_made_of_it() {
        let debian = "PRETTY_NAME=\"Debian GNU/Linux 12\"\nVERSION_ID=\"12\"\nID=debian\n";
        assert_eq!(release_of(debian).as_deref(), Some("debian-12"));
        assert_eq!(release_of("ID=debian\n"), None, "testing has no number");
        assert_eq!(release_of("ID=../elsewhere\nVERSION_ID=1\n"), None);
    }

    /// Makes all programs, which do nothing, and a file that tells who did.
    fn make(root: &Path, whose: &str) {
        fs::create_dir_all(root.join("usr/lib/some-linux/rados-classes")).unwrap();
        fs::create_dir_all(root.join("usr/bin")).unwrap();
        for name in PROGRAMS {
            std::os::unix::fs::symlink("/bin/true", root.join("usr/bin").join(name)).unwrap();
        }
        fs::write(root.join("whose"), whose).unwrap();
    }

    /// A cache of one test, which goes with this value.
    struct Cache(PathBuf);

    impl Cache {
        fn new(name: &str) -> Self {
            Self(std::env::temp_dir().join(format!("fiducial-rgw-{name}-{}", std::process::id())))
        }

        fn fill(
            &self,
            unpack: impl FnOnce(&Path) -> Result<(), String>,
        ) -> Result<PathBuf, String> {
            fill(&self.0, "debian-12", unpack)
        }
    }

    impl Drop for Cache {
        fn drop(&mut self) {
            drop(remove(&self.0));
        }
    }

    fn whose(folder: &Path) -> String {
        fs::read_to_string(folder.join("whose")).unwrap()
    }

    #[test]
    fn what_a_killed_run_left_goes_with_the_next_one() {
        let cache = Cache::new("killed");
        let (folder, new) = (cache.0.join("ceph-debian-12"), cache.0.join("ceph-debian-12.new"));
        fs::create_dir_all(folder.join("usr")).unwrap();
        // As it is when all but the last package is unpacked.
        make(&new, "left");
        fs::remove_file(new.join("usr/bin/radosgw-admin")).unwrap();
        let filled = cache.fill(|root| {
            assert!(root == new && !root.exists(), "it would be mixed with what was left");
            make(root, "ours");
            Ok(())
        });
        assert_eq!(filled.as_ref(), Ok(&folder));
        assert!(whose(&folder) == "ours" && !new.exists());
        let again = cache.fill(|_| panic!("all is there"));
        assert_eq!(again, filled);
    }

    #[test]
    fn a_run_that_fails_leaves_nothing_and_the_next_one_may() {
        let cache = Cache::new("failed");
        let left =
            || fs::read_dir(&cache.0).unwrap().filter_map(Result::ok).map(|item| item.file_name());
        for (half, why) in [(Err("no network"), "no network"), (Ok(()), "do not run")] {
            let failed = cache.fill(|root| {
                fs::create_dir_all(root.join("usr/bin")).unwrap();
                half.map_err(str::to_owned)
            });
            assert!(failed.as_ref().unwrap_err().contains(why), "{failed:?}");
            assert_eq!(left().collect::<Vec<_>>(), ["ceph-debian-12.lock"]);
        }
        cache
            .fill(|root| {
                make(root, "ours");
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn of_two_runs_at_once_one_unpacks_and_both_have_it() {
        let cache = Cache::new("two");
        let (begun, hear) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let first = scope.spawn(|| {
                cache.fill(|root| {
                    begun.send(()).unwrap();
                    make(root, "the first's");
                    Ok(())
                })
            });
            hear.recv().unwrap();
            let second = cache.fill(|_| panic!("it did not wait for the first"));
            assert_eq!(whose(&second.unwrap()), "the first's");
            first.join().unwrap().unwrap();
        });
    }

    #[test]
    fn programs_that_are_not_all_there_do_not_work() {
        let root = std::env::temp_dir().join(format!("fiducial-rgw-{}", std::process::id()));
        fs::create_dir_all(root.join("usr/lib/some-linux/rados-classes")).unwrap();
        let found = libraries(&root).unwrap();
        assert!(found.to_string_lossy().ends_with("/lib/some-linux"), "{found:?}");
        assert!(!work(&root));
        remove(&root).unwrap();
        remove(&root).unwrap();
        assert_eq!(libraries(&root), None);
    }
}
