//! A connection that is listened to also when the other side takes no more of the request.
//!
//! Rule: RFC 9112, sections 9.5 and 9.6. A server may refuse a request before it has read all of it,
//! and close. What is still being sent then breaks, though the answer is there: whoever gives up at that
//! does not learn what was answered.
//!
//! `ureq` gives up, so this stands between its sockets and its TLS. What it is made with may change with a
//! minor version of `ureq`: then this does not compile.

use std::io;

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

/// Makes connections that are listened to.
#[derive(Debug)]
pub(super) struct ListenOn;

impl<Below: Transport> Connector<Below> for ListenOn {
    type Out = Listening<Below>;

    fn connect(
        &self,
        _: &ConnectionDetails<'_>,
        chained: Option<Below>,
    ) -> Result<Option<Self::Out>, Error> {
        Ok(chained.map(|below| Listening { below, broken: None, heard: false }))
    }
}

/// A connection over another one.
#[derive(Debug)]
pub(super) struct Listening<Below> {
    below: Below,
    /// Why nothing more is sent.
    broken: Option<io::Error>,
    /// Whether anything came since then.
    heard: bool,
}

impl<Below: Transport> Transport for Listening<Below> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.below.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if self.broken.is_some() {
            return Ok(());
        }
        match self.below.transmit_output(amount, timeout) {
            Err(Error::Io(why)) if is_closed(&why) => {
                self.broken = Some(why);
                Ok(())
            }
            sent => sent,
        }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let came = self.below.await_input(timeout);
        let Some(why) = &self.broken else { return came };
        self.heard |= matches!(came, Ok(true));
        if self.heard {
            return came;
        }
        // No answer: then what broke first is what there is to say.
        Err(Error::Io(io::Error::new(why.kind(), why.to_string())))
    }

    fn is_open(&mut self) -> bool {
        self.broken.is_none() && self.below.is_open()
    }

    fn is_tls(&self) -> bool {
        self.below.is_tls()
    }
}

/// Whether it was the other side that ended the sending.
fn is_closed(why: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(why.kind(), BrokenPipe | ConnectionAborted | ConnectionReset)
}
