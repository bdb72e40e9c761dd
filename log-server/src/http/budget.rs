//! A budget of memory that many requests share, and of which one client gets no more than its share.
//!
//! Room is taken as it is needed and given back when its holder is dropped, however that happens.
//!
//! Invariant: what is taken is never more than the size, and of one client never more than the share,
//! but for what could not be asked for beforehand ([`Room::grow_anyway`]).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::limit::Client;

/// Bytes that requests share.
#[derive(Debug)]
pub(super) struct Budget {
    size: usize,
    share: usize,
    taken: Mutex<Taken>,
}

/// What is taken, by all and by each client that is counted.
#[derive(Debug, Default)]
struct Taken {
    all: usize,
    clients: HashMap<Client, usize>,
}

/// Why there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoRoom {
    /// All clients together have taken everything.
    #[error("other requests hold all the memory for bodies; try again shortly")]
    Budget,
    /// This client has taken its share.
    #[error(
        "other requests of this address hold its share of the memory for bodies; send fewer at once"
    )]
    Share,
}

impl Budget {
    /// Allows `size` bytes, and `share` of them to one client.
    pub(super) fn new(size: usize, share: usize) -> Self {
        Self { size, share, taken: Mutex::default() }
    }

    /// Room for nothing yet. Without a client, it counts for nobody's share.
    pub(super) fn room(self: &Arc<Self>, client: Option<Client>) -> Room {
        Room { budget: Arc::clone(self), client, size: 0 }
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Part of a budget, until this is dropped.
#[derive(Debug)]
pub(super) struct Room {
    budget: Arc<Budget>,
    client: Option<Client>,
    size: usize,
}

impl Room {
    /// Grows to `size` bytes in all; without room for them it stays as it is.
    pub(super) fn grow_to(&mut self, size: usize) -> Result<(), NoRoom> {
        let Some(more) = size.checked_sub(self.size).filter(|more| *more > 0) else {
            return Ok(());
        };
        let mut taken = self.budget.lock();
        if more > self.budget.size.saturating_sub(taken.all) {
            return Err(NoRoom::Budget);
        }
        let of_client = self.client.and_then(|client| taken.clients.get(&client).copied());
        let left = self.budget.share.saturating_sub(of_client.unwrap_or(0));
        if self.client.is_some() && more > left {
            return Err(NoRoom::Share);
        }
        taken.take(self.client, more);
        drop(taken);
        self.size = size;
        Ok(())
    }

    /// Grows to `size` bytes in all, without asking whether there is room.
    pub(super) fn grow_anyway(&mut self, size: usize) {
        let more = size.saturating_sub(self.size);
        self.budget.lock().take(self.client, more);
        self.size += more;
    }
}

impl Taken {
    fn take(&mut self, client: Option<Client>, more: usize) {
        self.all += more;
        if let Some(client) = client.filter(|_| more > 0) {
            *self.clients.entry(client).or_default() += more;
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if self.size == 0 {
            return;
        }
        let mut taken = self.budget.lock();
        taken.all -= self.size;
        let Some(client) = self.client else { return };
        let of_client = taken.clients.get_mut(&client).expect("a room of some size is counted");
        *of_client -= self.size;
        if *of_client == 0 {
            taken.clients.remove(&client);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(last: u8) -> Option<Client> {
        Some(Client::of(([192, 0, 2, last], 9).into()))
    }

    #[test]
    fn a_client_gets_its_share_and_all_together_the_whole() {
        let budget = Arc::new(Budget::new(100, 40));
        let mut rooms: Vec<Room> = (1..4).map(|last| budget.room(client(last))).collect();
        rooms[0].grow_to(30).unwrap();
        let mut second = budget.room(client(1));
        assert_eq!(second.grow_to(11), Err(NoRoom::Share));
        second.grow_to(10).unwrap();
        assert_eq!(rooms[0].grow_to(31), Err(NoRoom::Share));
        rooms[1].grow_to(40).unwrap();
        assert_eq!(rooms[2].grow_to(21), Err(NoRoom::Budget));
        rooms[2].grow_to(20).unwrap();
        assert_eq!(budget.lock().all, 100);
        drop((rooms, second));
        assert!(budget.lock().all == 0 && budget.lock().clients.is_empty());
    }

    #[test]
    fn what_is_taken_anyway_leaves_less_for_others_and_is_given_back() {
        let budget = Arc::new(Budget::new(100, 40));
        let mut room = budget.room(client(1));
        room.grow_to(40).unwrap();
        room.grow_anyway(130);
        assert_eq!(budget.room(client(2)).grow_to(1), Err(NoRoom::Budget));
        drop(room);
        assert!(budget.lock().all == 0 && budget.lock().clients.is_empty());
        assert!(budget.room(client(1)).grow_to(40).is_ok());
    }

    #[test]
    fn who_is_not_counted_may_take_everything_and_nothing_shrinks() {
        let budget = Arc::new(Budget::new(100, 40));
        let mut room = budget.room(None);
        room.grow_to(100).unwrap();
        room.grow_to(50).unwrap();
        assert_eq!(budget.lock().all, 100);
        assert_eq!(budget.room(client(1)).grow_to(1), Err(NoRoom::Budget));
    }
}
