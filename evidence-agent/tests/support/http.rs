//! Just enough HTTP for one request a connection.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;

use super::State;

pub(super) fn serve(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let (line, body) = read_request(&mut stream)?;
    let mut state = state.lock().unwrap();
    if state.away {
        return Ok(());
    }
    let path = line.split(' ').nth(1).unwrap_or_default();
    let answered = match line.split(' ').next() {
        _ if state.portal => Some((200, b"<html>Please sign in.</html>".to_vec())),
        Some("POST") => state.post(path, &body),
        _ => Some(state.read(path)),
    };
    let Some((status, answer)) = answered else {
        return Ok(());
    };
    let text = String::from_utf8_lossy(&answer);
    let pause = text.strip_prefix("retry-after ").map(|text| format!("Retry-After: {text}\r\n"));
    write!(
        stream,
        "HTTP/1.1 {status} X\r\n{}Content-Length: {}\r\nConnection: close\r\n\r\n",
        pause.unwrap_or_default(),
        answer.len()
    )?;
    stream.write_all(&answer)
}

fn read_request(stream: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
            });
            let body = end + 4;
            if bytes.len() >= body + length.unwrap_or(0_usize) {
                let line = head.lines().next().unwrap_or_default().to_string();
                return Ok((line, bytes[body..].to_vec()));
            }
        }
        let count = stream.read(&mut chunk)?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&chunk[..count]);
    }
}
