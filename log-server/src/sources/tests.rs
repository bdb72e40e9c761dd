use super::*;
use spec::key::SigningKey;

fn vkey(name: &str, seed: u8, algorithm: Algorithm) -> String {
    let name = KeyName::parse(name).unwrap();
    SigningKey::from_seed(name, algorithm, &[seed; 32]).unwrap().verifier().to_string()
}

fn listing(name: &str, seed: u8) -> Listing {
    Listing::new(&vkey(name, seed, Algorithm::NoteEd25519), "a note").unwrap()
}

fn name(text: &str) -> KeyName {
    KeyName::parse(text).unwrap()
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
    assert_eq!(sources.find(&name("aoi-2")), Some(listing("aoi-2", 2).source));
    assert_eq!(sources.find(&name("aoi-3")), None);
    assert_eq!(sources.count(), 2);
}

#[test]
fn a_running_server_sees_changes() {
    let data = tempfile::tempdir().unwrap();
    let sources = Sources::load(data.path()).unwrap();
    assert_eq!(sources.find(&name("aoi-1")), None);
    add(data.path(), listing("aoi-1", 1)).unwrap();
    // An unknown name is looked for at once.
    assert!(sources.find(&name("aoi-1")).unwrap().enabled);

    set_enabled(data.path(), "aoi-1", false).unwrap();
    std::thread::sleep(RELOAD_INTERVAL + Duration::from_millis(50));
    assert!(!sources.find(&name("aoi-1")).unwrap().enabled);
    set_enabled(data.path(), "aoi-1", true).unwrap();
    std::thread::sleep(RELOAD_INTERVAL + Duration::from_millis(50));
    assert!(sources.find(&name("aoi-1")).unwrap().enabled);
}

#[test]
fn a_registry_that_cannot_be_read_is_not_taken() {
    let data = tempfile::tempdir().unwrap();
    add(data.path(), listing("aoi-1", 1)).unwrap();
    let sources = Sources::load(data.path()).unwrap();
    fs::write(data.path().join(SOURCES_FILE), "[[source]]\nkey = 7\n").unwrap();
    assert_eq!(sources.find(&name("aoi-9")), None);
    assert!(sources.find(&name("aoi-1")).is_some());
    fs::remove_file(data.path().join(SOURCES_FILE)).unwrap();
    assert_eq!(sources.find(&name("aoi-9")), None);
    assert!(sources.find(&name("aoi-1")).is_some());
    assert!(matches!(
        Sources::load(data.path()),
        Ok(loaded) if loaded.count() == 0
    ));
}

#[test]
fn a_name_is_listed_once() {
    let data = tempfile::tempdir().unwrap();
    add(data.path(), listing("aoi-1", 1)).unwrap();
    let again = add(data.path(), listing("aoi-1", 2));
    assert!(matches!(again, Err(SourcesError::Duplicate(_))));
    let path = data.path().join(SOURCES_FILE);
    let (one, two) = (listing("aoi-1", 1), listing("aoi-1", 2));
    let text = format!(
        "[[source]]\nkey = {:?}\n[[source]]\nkey = {:?}\n",
        one.source.key.to_string(),
        two.source.key.to_string()
    );
    fs::write(&path, text).unwrap();
    assert!(matches!(list(data.path()), Err(SourcesError::Duplicate(_))));
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
