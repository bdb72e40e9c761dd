//! A disk that refuses for a while: what is taken is kept, and everyone is told.

use tests::store::embedded_only;

use crate::support::{World, wait};

#[test]
fn a_log_that_cannot_store_its_head_is_not_ready_and_says_why() {
    if embedded_only("it stands in the way of the file of the signed head; see crash_database") {
        return;
    }
    let world = World::new("any");
    let server = world.serve();
    assert_eq!(server.post("/add", b"one").index(), 0);
    world.published(&server, 1);

    // Where the new head is written first, there is something else.
    let obstacle = world.path("log/signed-head.new");
    std::fs::create_dir(&obstacle).unwrap();
    assert_eq!(server.post("/add", b"two").index(), 1);
    let problem = wait("it says that it is ready", || {
        let answer = server.get("/readyz");
        (answer.status == 503).then(|| answer.is_problem(503, "not-ready"))
    });
    assert!(problem["detail"].as_str().unwrap().contains("head cannot be stored"), "{problem}");
    let counted = |value: &str| {
        let metrics = server.get("/metrics");
        metrics.text().contains(&format!("fiducial_log_storage_refuses {value}\n"))
    };
    assert!(counted("1"));
    // What is durable is acknowledged all the same, and nothing unpublished is shown.
    assert_eq!(server.post("/add", b"three").index(), 2);
    assert_eq!(world.tree(&server.get("/checkpoint").body).size(), 1);

    std::fs::remove_dir(&obstacle).unwrap();
    world.published(&server, 3);
    server.wait_until_ready();
    assert!(counted("0"));
    assert_eq!(server.stop(), 0);
}
