//! Witnesses that refuse a large request before they have read all of it, and close: HTTP allows that.
//! What they answer is an answer, and what is asked next is answered too.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tests::kit::client::{Client, Silence};

use crate::wrong::{listen, read_head};

/// The bytes of a body that these witnesses read before they refuse it.
const READ: u64 = 64 * 1024;

/// A body of which the systems on both sides hold but a part: sending it breaks when nobody reads on.
const TOO_LARGE_TO_SEND: usize = 64 * 1024 * 1024;

/// Reads the beginning of a request, says `answer`, and closes. What is unread makes that a reset.
fn refuse(stream: &TcpStream, answer: &[u8]) -> Option<()> {
    let (mut reader, mut writer) = (BufReader::new(stream), stream);
    read_head(&mut reader)?;
    std::io::copy(&mut (&mut reader).take(READ), &mut std::io::sink()).ok()?;
    writer.write_all(answer).ok()
}

#[test]
fn what_was_answered_is_read_although_sending_broke() {
    let url = listen(|stream| {
        refuse(
            stream,
            b"HTTP/1.1 413 x\r\ncontent-type: text/plain\r\ncontent-length: 6\r\n\r\nenough",
        )
    });
    let answer = Client::new(&url, None).post(&vec![b'a'; TOO_LARGE_TO_SEND]).unwrap();
    assert_eq!((answer.status, &answer.body[..]), (413, &b"enough"[..]));
    assert_eq!(answer.content_type.as_deref(), Some("text/plain"));
}

#[test]
fn where_nothing_was_answered_or_not_all_of_it_that_is_said() {
    for answer in
        ["", "HTTP/1.1 413 x\r\ncontent-le", "HTTP/1.1 413 x\r\ncontent-length: 6\r\n\r\neno"]
    {
        let url = listen(move |stream| refuse(stream, answer.as_bytes()));
        let silence = Client::new(&url, None).post(&vec![b'a'; TOO_LARGE_TO_SEND]).unwrap_err();
        assert!(matches!(silence, Silence::Broken(_)), "{answer}: {silence}");
    }
}

#[test]
fn what_follows_a_large_request_does_not_come_over_a_connection_that_may_be_closing() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    // Refuses large ones, and closes only when the next one is there: that one would have no answer.
    let url = listen(move |stream| {
        counted.fetch_add(1, Ordering::SeqCst);
        let (mut reader, mut writer) = (BufReader::new(stream), stream);
        loop {
            let (_, length) = read_head(&mut reader)?;
            std::io::copy(&mut (&mut reader).take(length), &mut std::io::sink()).ok()?;
            let status = if length > READ { 413 } else { 400 };
            let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n");
            writer.write_all(answer.as_bytes()).ok()?;
            if length > READ {
                return reader.read_exact(&mut [0]).ok();
            }
        }
    });
    let mut client = Client::new(&url, None);
    for (size, status) in [(10, 400), (10, 400), (256 * 1024, 413), (10, 400)] {
        assert_eq!(client.post(&vec![b'a'; size]).unwrap().status, status);
    }
    // All but the last one came over one connection, which was kept open as it should be.
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}
