//! Who stands at the door, and who is inside.
//!
//! A connection that has not shown the secret costs nothing to make, so it may not keep anybody out: of
//! more than [`MAX_AT_DOOR`] the one that has stood there longest is sent away. One that has shown it
//! waits inside for its turn, since at most [`MAX_AT_WORK`] commands are done at once.

use std::collections::VecDeque;
use std::net::{Shutdown, TcpStream};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// How many connections may stand at the door.
pub(super) const MAX_AT_DOOR: usize = 8;

/// How many commands are done at once.
const MAX_AT_WORK: usize = 8;

/// From how many on inside nobody else is let to the door.
const MAX_INSIDE: usize = 32;

#[derive(Default)]
pub(super) struct Doorway {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The longest there first.
    at_door: VecDeque<(u64, TcpStream)>,
    next: u64,
    inside: usize,
    at_work: usize,
}

/// Somebody who has shown the secret; leaves when it is dropped.
pub(super) struct Inside<'a> {
    doorway: &'a Doorway,
    at_work: bool,
}

impl Doorway {
    /// Somebody comes to the door. His number, unless so many are inside that he has to ask again.
    pub(super) fn arrives(&self, stream: TcpStream) -> Option<u64> {
        let mut state = self.state();
        if state.inside >= MAX_INSIDE {
            return None;
        }
        if state.at_door.len() >= MAX_AT_DOOR
            && let Some((_, longest)) = state.at_door.pop_front()
        {
            // Whoever waits for a word of his hears that he is gone.
            let _ = longest.shutdown(Shutdown::Both);
        }
        state.next += 1;
        let number = state.next;
        state.at_door.push_back((number, stream));
        Some(number)
    }

    /// He has shown the secret; `None` if he was sent away meanwhile.
    pub(super) fn enters(&self, number: u64) -> Option<Inside<'_>> {
        let mut state = self.state();
        let at = state.at_door.iter().position(|(other, _)| *other == number)?;
        state.at_door.remove(at);
        state.inside += 1;
        Some(Inside { doorway: self, at_work: false })
    }

    /// He went away, if he still stood there.
    pub(super) fn goes(&self, number: u64) {
        self.state().at_door.retain(|(other, _)| *other != number);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock; if it did, what is counted is still right.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside<'_> {
    /// Waits until there is room for one more command.
    pub(super) fn wait_to_work(&mut self) {
        let is_full = |state: &mut State| state.at_work >= MAX_AT_WORK;
        let waited = self.doorway.changed.wait_while(self.doorway.state(), is_full);
        waited.unwrap_or_else(PoisonError::into_inner).at_work += 1;
        self.at_work = true;
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let mut state = self.doorway.state();
        state.inside -= 1;
        state.at_work -= usize::from(self.at_work);
        drop(state);
        self.doorway.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::TcpListener;
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    /// A connection: the end at the door, and the caller's.
    fn connect(listener: &TcpListener) -> (TcpStream, TcpStream) {
        let caller = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (listener.accept().unwrap().0, caller)
    }

    #[test]
    fn who_stands_there_longest_is_sent_away_and_nobody_else() {
        let (listener, doorway) = (TcpListener::bind("127.0.0.1:0").unwrap(), Doorway::default());
        let mut callers = Vec::new();
        let mut numbers = Vec::new();
        for _ in 0..=MAX_AT_DOOR {
            let (stream, caller) = connect(&listener);
            numbers.push(doorway.arrives(stream).unwrap());
            callers.push(caller);
        }
        assert_eq!(callers[0].read(&mut [0]).unwrap(), 0, "the first is sent away");
        assert!(doorway.enters(numbers[0]).is_none());
        for caller in &callers[1..] {
            caller.set_nonblocking(true).unwrap();
            let heard = (&mut &*caller).read(&mut [0]).unwrap_err();
            assert_eq!(heard.kind(), std::io::ErrorKind::WouldBlock, "the others stay");
        }
        doorway.goes(numbers[1]);
        assert!(doorway.enters(numbers[1]).is_none());
        let inside = doorway.enters(numbers[2]).unwrap();
        assert!(doorway.enters(numbers[2]).is_none(), "once");
        drop(inside);
        assert_eq!(doorway.state().inside, 0);
    }

    #[test]
    fn so_many_work_at_once_and_the_next_one_when_one_has_ended() {
        let (listener, doorway) = (TcpListener::bind("127.0.0.1:0").unwrap(), Doorway::default());
        let enter = || {
            let number = doorway.arrives(connect(&listener).0).unwrap();
            doorway.enters(number).unwrap()
        };
        let mut working: Vec<Inside<'_>> = (0..MAX_AT_WORK).map(|_| enter()).collect();
        working.iter_mut().for_each(Inside::wait_to_work);
        let mut next = enter();
        let (says, hears) = mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                next.wait_to_work();
                says.send(()).unwrap();
            });
            assert!(hears.recv_timeout(Duration::from_millis(100)).is_err(), "no room yet");
            working.pop();
            hears.recv().unwrap();
        });
        assert_eq!(doorway.state().at_work, MAX_AT_WORK);
        let more: Vec<Inside<'_>> = (MAX_AT_WORK..MAX_INSIDE).map(|_| enter()).collect();
        assert!(doorway.arrives(connect(&listener).0).is_none(), "he asks again");
        drop((working, next, more));
        let state = doorway.state();
        assert_eq!((state.inside, state.at_work), (0, 0));
    }
}
