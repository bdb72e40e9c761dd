//! Tests of the registry: what is listed, found, changed and refused.

use super::*;
use spec::checkpoint::Origin;
use spec::evidence::enrolment::Enrolment;
use spec::key::SigningKey;

fn vkey(name: &str, seed: u8, algorithm: Algorithm) -> String {
    let name = KeyName::parse(name).unwrap();
    SigningKey::from_seed(name, algorithm, &[seed; 32]).unwrap().verifier().to_string()
}

fn listing(name: &str, seed: u8) -> Listing {
    Listing::new(&vkey(name, seed, Algorithm::NoteEd25519), "a note").unwrap()
}

fn signer(name: &str, seed: u8) -> SigningKey {
    let name = KeyName::parse(name).unwrap();
    SigningKey::from_seed(name, Algorithm::NoteEd25519, &[seed; 32]).unwrap()
}

fn find(sources: &Sources, name: &str, seed: u8) -> Option<Source> {
    let key = signer(name, seed).verifier().clone();
    sources.find(key.name(), key.id())
}

fn origin() -> Origin {
    Origin::parse("log.example/evidence").unwrap()
}

fn approve_here(data: &Path, request: &Enrolment, lost: bool) -> Result<Approved, SourcesError> {
    approve(data, &origin(), request, "line 3", lost)
}

#[test]
fn what_is_added_is_listed_and_found() {
    let data = tempfile::tempdir().unwrap();
    create(data.path()).unwrap();
    assert_eq!(list(data.path()).unwrap(), []);
    add(data.path(), listing("aoi-1", 1)).unwrap();
    add(data.path(), listing("aoi-2", 2)).unwrap();
    assert_eq!(list(data.path()).unwrap(), [listing("aoi-1", 1), listing("aoi-2", 2)]);
    let sources = Sources::load(data.path()).unwrap();
    assert_eq!(find(&sources, "aoi-2", 2), Some(listing("aoi-2", 2).source));
    assert_eq!(find(&sources, "aoi-3", 3), None);
    assert_eq!(sources.count(), 2);
}

#[test]
fn a_running_server_sees_changes() {
    let data = tempfile::tempdir().unwrap();
    let sources = Sources::load(data.path()).unwrap();
    assert_eq!(find(&sources, "aoi-1", 1), None);
    add(data.path(), listing("aoi-1", 1)).unwrap();
    // An unknown name is looked for at once.
    assert!(find(&sources, "aoi-1", 1).unwrap().enabled);

    set_enabled(data.path(), "aoi-1", false).unwrap();
    std::thread::sleep(RELOAD_INTERVAL + Duration::from_millis(50));
    assert!(!find(&sources, "aoi-1", 1).unwrap().enabled);
    set_enabled(data.path(), "aoi-1", true).unwrap();
    std::thread::sleep(RELOAD_INTERVAL + Duration::from_millis(50));
    assert!(find(&sources, "aoi-1", 1).unwrap().enabled);
}

#[test]
fn a_registry_that_cannot_be_read_is_not_taken() {
    let data = tempfile::tempdir().unwrap();
    add(data.path(), listing("aoi-1", 1)).unwrap();
    let sources = Sources::load(data.path()).unwrap();
    fs::write(data.path().join(SOURCES_FILE), "[[source]]\nkey = 7\n").unwrap();
    assert_eq!(find(&sources, "aoi-9", 9), None);
    assert!(find(&sources, "aoi-1", 1).is_some());
    fs::remove_file(data.path().join(SOURCES_FILE)).unwrap();
    assert_eq!(find(&sources, "aoi-9", 9), None);
    assert!(find(&sources, "aoi-1", 1).is_some());
    assert!(matches!(
        Sources::load(data.path()),
        Ok(loaded) if loaded.count() == 0
    ));
}

#[test]
fn a_name_is_added_once_and_a_key_is_listed_once() {
    let data = tempfile::tempdir().unwrap();
    add(data.path(), listing("aoi-1", 1)).unwrap();
    let again = add(data.path(), listing("aoi-1", 2));
    assert!(matches!(again, Err(SourcesError::Duplicate(_))));
    let path = data.path().join(SOURCES_FILE);
    let row = format!("[[source]]\nkey = {:?}\n", listing("aoi-1", 1).source.key.to_string());
    fs::write(&path, row.repeat(2)).unwrap();
    assert!(matches!(list(data.path()), Err(SourcesError::DuplicateKey(_))));
}

#[test]
fn a_request_lists_a_new_source_once() {
    let data = tempfile::tempdir().unwrap();
    let request = Enrolment::first(origin(), &signer("aoi-1", 1));
    assert_eq!(approve_here(data.path(), &request, false).unwrap(), Approved::Source);
    assert_eq!(approve_here(data.path(), &request, false).unwrap(), Approved::Already);
    let listed = list(data.path()).unwrap();
    assert_eq!((listed.len(), listed[0].note.as_str()), (1, "line 3"));

    let other = Enrolment::first(origin(), &signer("aoi-1", 2));
    let refused = approve_here(data.path(), &other, true).unwrap_err();
    assert!(
        matches!(refused, SourcesError::Enrolment(ApprovalError::ListedOtherwise(_))),
        "{refused}"
    );
    let elsewhere = Enrolment::first(Origin::parse("other").unwrap(), &signer("aoi-2", 2));
    let refused = approve_here(data.path(), &elsewhere, true).unwrap_err();
    assert!(matches!(refused, SourcesError::Enrolment(ApprovalError::WrongLog { .. })));
    assert_eq!(list(data.path()).unwrap().len(), 1);
}

#[test]
fn keys_follow_one_another_with_overlap() {
    let data = tempfile::tempdir().unwrap();
    let (old, new) = (signer("aoi-1", 1), signer("aoi-1", 2));
    let rotation = Enrolment::rotation(origin(), &new, &old).unwrap();
    let unknown = approve_here(data.path(), &rotation, true).unwrap_err();
    assert!(matches!(unknown, SourcesError::Enrolment(ApprovalError::ReplacesUnknown(_))));

    approve_here(data.path(), &Enrolment::first(origin(), &old), false).unwrap();
    let sources = Sources::load(data.path()).unwrap();
    // Until it is approved, a statement of the new key meets the old one and does not verify.
    assert_eq!(find(&sources, "aoi-1", 2).unwrap().key, *old.verifier());
    assert_eq!(approve_here(data.path(), &rotation, false).unwrap(), Approved::Rotation);
    assert_eq!(find(&sources, "aoi-1", 2).unwrap().key, *new.verifier());
    assert_eq!(find(&sources, "aoi-1", 1).unwrap().key, *old.verifier());
    assert_eq!(sources.count(), 1);

    retire(data.path(), &old.verifier().to_string()).unwrap();
    let sources = Sources::load(data.path()).unwrap();
    assert_eq!(find(&sources, "aoi-1", 1).unwrap().key, *new.verifier());
    let last = retire(data.path(), &new.verifier().to_string());
    assert!(matches!(last, Err(SourcesError::LastKey(_))));
    let unknown = retire(data.path(), &signer("aoi-1", 3).verifier().to_string());
    assert!(matches!(unknown, Err(SourcesError::Unknown(_))));
    // A key that was retired does not come back by an old request.
    let back = Enrolment::rotation(origin(), &old, &new).unwrap();
    let refused = approve_here(data.path(), &back, false).unwrap_err();
    assert!(matches!(refused, SourcesError::DuplicateKey(_)), "{refused}");
}

#[test]
fn a_lost_key_is_replaced_by_the_operators_word_alone() {
    let data = tempfile::tempdir().unwrap();
    let (old, new) = (signer("aoi-1", 1), signer("aoi-1", 2));
    approve_here(data.path(), &Enrolment::first(origin(), &old), false).unwrap();
    set_enabled(data.path(), "aoi-1", false).unwrap();
    let rotation = Enrolment::rotation(origin(), &new, &old).unwrap().to_bytes();
    let lines = std::str::from_utf8(&rotation).unwrap().lines();
    let without = lines.take(7).map(|line| format!("{line}\n")).collect::<String>();
    let unvouched = Enrolment::parse(without.as_bytes()).unwrap();
    let refused = approve_here(data.path(), &unvouched, false).unwrap_err();
    assert!(refused.to_string().contains("--old-key-is-lost"), "{refused}");
    assert_eq!(approve_here(data.path(), &unvouched, true).unwrap(), Approved::Rotation);
    // The operator had disabled the source; a new key does not change that.
    let sources = Sources::load(data.path()).unwrap();
    assert!(!find(&sources, "aoi-1", 2).unwrap().enabled);
    set_enabled(data.path(), "aoi-1", true).unwrap();
    let sources = Sources::load(data.path()).unwrap();
    assert!(find(&sources, "aoi-1", 2).unwrap().enabled && find(&sources, "aoi-1", 1).is_some());
}

#[test]
fn faults_in_the_file_are_named_with_their_line() {
    let path = Path::new("sources.toml");
    let wrong = parse_registry(path, "[[source]]\nkey = \"x\"\ncolour = 1\n");
    let message = wrong.unwrap_err().to_string();
    assert!(message.contains("line 3") && message.contains("colour"), "{message}");
    let wrong = parse_registry(path, "[[source]]\nkey = \"x\"\n");
    assert!(matches!(wrong, Err(SourcesError::Key { .. })));
}

#[test]
fn keys_that_do_not_sign_notes_are_refused() {
    let cosigner = vkey("witness", 1, Algorithm::CosignatureEd25519);
    assert!(matches!(Listing::new(&cosigner, ""), Err(SourcesError::Key { .. })));
    let good = vkey("aoi", 1, Algorithm::NoteEd25519);
    let altered = good.replace('+', "-");
    assert!(matches!(Listing::new(&altered, ""), Err(SourcesError::Key { .. })));
    assert!(matches!(Listing::new(&good, "two\nlines"), Err(SourcesError::Note)));
    let long = "n".repeat(MAX_NOTE_SIZE + 1);
    assert!(matches!(Listing::new(&good, &long), Err(SourcesError::Note)));
}

#[test]
fn a_private_key_given_by_mistake_is_not_repeated() {
    let private = signer("aoi", 1).to_text();
    let private = private.as_str();
    let seed = private.splitn(5, '+').nth(4).unwrap();
    let path = Path::new("sources.toml");
    let file = |line: &str| parse_registry(path, &format!("[[source]]\n{line}\n")).unwrap_err();
    let refusals = [
        Listing::new(private, "").unwrap_err(),
        Listing::new(private.trim_start_matches("PRIVATE+"), "").unwrap_err(),
        retire(tempfile::tempdir().unwrap().path(), private).unwrap_err(),
        file(&format!("key = \"{private}\"")),
        // Not even a line that is no TOML.
        file(&format!("key = {private}")),
        file(&format!("enabled = \"{private}\"")),
    ];
    for refused in refusals {
        let (shown, debug) = (refused.to_string(), format!("{refused:?}"));
        assert!(!shown.contains(seed) && !debug.contains(seed), "{shown}");
    }
}

#[test]
fn an_unknown_name_cannot_be_disabled() {
    let data = tempfile::tempdir().unwrap();
    let refused = set_enabled(data.path(), "nobody", false);
    assert!(matches!(refused, Err(SourcesError::Unknown(_))));
}

#[test]
fn a_note_with_quotes_and_letters_of_any_script_survives() {
    let data = tempfile::tempdir().unwrap();
    let mut listing = listing("aoi-1", 1);
    listing.note = "line \"3\" \\ 三号线".to_owned();
    add(data.path(), listing.clone()).unwrap();
    assert_eq!(list(data.path()).unwrap(), [listing]);
}

#[test]
fn commands_at_the_same_time_lose_nothing() {
    let data = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for at in 0..8 {
            let data = data.path();
            scope.spawn(move || add(data, listing(&format!("aoi-{at}"), at)).unwrap());
        }
    });
    assert_eq!(list(data.path()).unwrap().len(), 8);
}
