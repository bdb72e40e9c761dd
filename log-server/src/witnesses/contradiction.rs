//! A witness that contradicts this log: it says that it has seen more of it, or another root.
//!
//! It may be true: the data folder went back, or a second log runs under this name and key; then to go
//! on would fork the log. It may be a lie, and one witness alone must not be able to stop a log that
//! the others confirm.
//!
//! - *At the start*, until a quorum has cosigned the last signed head in this process, its word is
//!   enough: that is what the head is offered again for.
//! - *Later* it must prove it. What proves it is a checkpoint under this log's own key that is not of
//!   this log's history: larger than anything signed, or with another root. The witness is asked for
//!   the one that it shows; without the proof it counts as absent, and people must look.
//!
//! The proof is kept in the data folder: as a split (`spec::split`) where both histories are signed,
//! else as the checkpoint itself.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use spec::Hash;
use spec::checkpoint::Origin;
use spec::note::Note;
use spec::split::{Head, Split, plan_beginning_of};
use spec::tree::{Tree, plan_root};

use super::Endpoint;
use super::ask::Contradiction;
use super::client::Client;
use crate::answer::Fatal;
use crate::disk::write_whole;
use crate::follower::Refreshed;
use crate::heads::{Heads, SignedHead};
use crate::number;
use crate::shared::Shared;

/// Why nothing more may be signed, and what to do.
const ADVICE: &str = "a restored backup, a disk that went back, or a second log under this name and \
    key. Signing now would fork the log, so nothing more is taken or signed. Restore the newest copy \
    of the whole folder, or rebuild it from a mirror and from the agents' kept statements with \
    `fiducial-log recover`.";

/// What to say at the start, on a witness's word.
pub(super) fn fatal_at_start(
    origin: &Origin,
    endpoint: &Endpoint,
    what: Contradiction,
    signed: u64,
) -> Fatal {
    let path = spec::witness::monitoring_path(origin);
    let found = match what {
        Contradiction::Larger { size } => format!(
            "Witness {} ({}) has cosigned {} of this log, but the newest head that this data \
             folder knows of has {signed}. The folder is older than what was signed",
            endpoint.name,
            endpoint.url,
            number::entries(size)
        ),
        Contradiction::OtherRoot { old_size } => format!(
            "Witness {} ({}) has seen another root of this log at size {old_size} than this data \
             folder holds. The folder is not the one that was signed",
            endpoint.name, endpoint.url
        ),
    };
    Fatal::new(format!(
        "{found}: {ADVICE} To see who is right, ask the witness for the checkpoint that it holds \
         (its monitoring URL, then {path}): if this log's key has signed it, it is the proof; if \
         it has not, the witness is at fault, and the policy must do without it."
    ))
}

/// Learns what other servers have signed by now, where there are any. False where that cannot be learned:
/// then a larger tree may be one of theirs, and proves nothing.
pub(super) async fn is_up_to_date(shared: &Arc<Shared>) -> bool {
    if shared.follow.is_none() {
        return true;
    }
    let shared = shared.clone();
    let refreshed = tokio::task::spawn_blocking(move || shared.refresh()).await;
    refreshed.is_ok_and(|refreshed| refreshed != Refreshed::Away)
}

/// Asks the witness for the checkpoint that it shows. Returns why the log must stop, if that proves it.
pub(super) async fn look_for_proof(
    shared: &Arc<Shared>,
    endpoint: &Endpoint,
    client: &mut Client,
) -> Option<Fatal> {
    let answer = client.checkpoint(&shared.origin).await.ok()?;
    if !is_up_to_date(shared).await {
        return None;
    }
    // Read after the answer came: whatever the witness can know was signed before.
    let signed = shared.signed_size.load(Ordering::Acquire);
    let note = Note::parse(&answer.body).ok().filter(|_| answer.status == 200)?;
    let evidence = evidence(shared, note, signed)?;
    let kept = match keep(shared, &evidence) {
        Ok(path) => format!("The proof is kept in {}", path.display()),
        Err(error) => format!("The proof could not be kept ({error}), but the witness shows it"),
    };
    let Evidence { size, what, check, .. } = evidence;
    let (name, url) = (&endpoint.name, &endpoint.url);
    Some(Fatal::new(format!(
        "Witness {name} ({url}) shows a checkpoint of {} that this log's key has signed, {what}: \
         {ADVICE} {kept}; {check}.",
        number::entries(size)
    )))
}

/// A checkpoint under this log's key that is not of this log's history.
struct Evidence {
    size: u64,
    /// What is wrong with it.
    what: &'static str,
    /// What the file's name begins with.
    kind: &'static str,
    bytes: Vec<u8>,
    /// How people check it.
    check: &'static str,
}

/// What a checkpoint proves, `signed` being the size of the newest head of this log.
fn evidence(shared: &Shared, note: Note, signed: u64) -> Option<Evidence> {
    let keys = shared.keys.verifier_keys();
    let head = Head::verify(&note, &keys).ok().filter(|head| *head.origin() == shared.origin)?;
    let size = head.tree().size();
    if size > signed {
        let what = "and this data folder knows of fewer";
        let check = "compare it with the newest copy of this folder";
        return Some(Evidence { size, what, kind: "checkpoint", bytes: note.to_bytes(), check });
    }
    let root = shared.fold(&plan_root(size)).ok()?.pop().unwrap_or(Hash::EMPTY_ROOT);
    if Tree::new(size, root) == Some(head.tree()) {
        return None;
    }
    let own = last_signed(shared)?;
    let plan = plan_beginning_of(size, own.checkpoint.tree().size());
    let hashes = plan.map_or(Ok(Vec::new()), |plan| shared.fold(&plan)).ok()?;
    let split = Split::new(note, own.note, hashes).ok()?;
    split.prove(&keys).ok()?;
    let what = "with another root than this data folder holds";
    let check = "`fiducial verify split` checks it";
    Some(Evidence { size, what, kind: "split", bytes: split.to_bytes(), check })
}

/// The newest head of this log: from its file, or, where servers share a journal, as it was read last.
fn last_signed(shared: &Shared) -> Option<SignedHead> {
    if shared.follow.is_some() {
        return shared.last_signed.lock().expect("no panic under this lock").clone();
    }
    let heads = Heads::new(shared.disk.clone(), &shared.folder);
    heads.read_signed(&shared.origin, &shared.keys).ok()?
}

/// Writes it into the data folder, durably.
fn keep(shared: &Shared, evidence: &Evidence) -> std::io::Result<PathBuf> {
    let hash = Hash::of(&evidence.bytes).to_hex();
    let name = format!("{}-{}-{}.txt", evidence.kind, evidence.size, &hash[..8]);
    let path = shared.folder.join(name);
    write_whole(shared.disk.as_ref(), &path, &evidence.bytes)?;
    Ok(path)
}
