//! Answers: pieces of text in flash, and the nonce between them.

use embedded_io::Write;
use sallet_core::auth::Reason;
use sallet_core::{Nonce, Template};

/// A text that the compiler puts together with a [`Cursor`](sallet_core::Cursor); the code that does it is not in the
/// program.
#[macro_export]
macro_rules! const_text {
    ($out:ident => $render:expr) => {{
        const fn render($out: &mut ::sallet_core::Cursor<'_>) {
            $render
        }
        const LEN: usize = {
            let mut count = ::sallet_core::Cursor::new(&mut []);
            render(&mut count);
            count.written()
        };
        const TEXT: [u8; LEN] = {
            let mut text = [0; LEN];
            let mut out = ::sallet_core::Cursor::new(&mut text);
            render(&mut out);
            text
        };
        &TEXT
    }};
}

/// An answer whose every text is in flash.
pub type Answer = Reply<'static>;

/// What is sent to the client, and what is noted in the log.
#[derive(Debug, Clone, Copy)]
pub struct Reply<'a> {
    /// The status code, for the log.
    pub status: u16,
    /// Status line, the answer's own fields.
    pub start: &'a [u8],
    /// The policy of the response.
    pub policy: Policy,
    /// The body.
    pub body: &'a [u8],
    /// What follows the nonce in the body.
    pub rest: &'static [u8],
    /// Whose request this was, for the log.
    pub key: Option<&'static str>,
    /// Why the request is refused, for the log.
    pub reason: Option<Reason>,
}

/// The security headers of an answer.
#[derive(Debug, Clone, Copy)]
pub enum Policy {
    /// The same bytes each time.
    Block(&'static str),
    /// With a nonce, which stands in the body too, between `body` and `rest`.
    Page(&'static Template<'static>, Nonce),
}

impl Answer {
    /// An answer from its parts, made by [`answer!`](crate::answer!) and [`refused!`](crate::refused!).
    pub const fn fixed(status: u16, start: &'static [u8], policy: &'static str, body: &'static [u8]) -> Self {
        Self { status, start, policy: Policy::Block(policy), body, rest: b"", key: None, reason: None }
    }
}

impl Reply<'_> {
    /// Sends it. For a HEAD request the body is left out, and its length is still told (RFC 9110 section 9.3.2).
    ///
    /// # Errors
    /// The writer's own.
    pub fn send<W: Write>(&self, line: &mut W, with_body: bool) -> Result<(), W::Error> {
        line.write_all(self.start)?;
        let nonce = match &self.policy {
            Policy::Block(block) => {
                line.write_all(block.as_bytes())?;
                None
            }
            Policy::Page(template, nonce) => {
                template.send(nonce, line)?;
                Some(nonce)
            }
        };
        line.write_all(b"\r\n")?;
        if with_body {
            line.write_all(self.body)?;
            if let Some(nonce) = nonce {
                line.write_all(nonce.as_str().as_bytes())?;
                line.write_all(self.rest)?;
            }
        }
        line.flush()
    }
}

/// An [`Answer`] of fixed text: status, reason, its own field lines, policy, body.
#[macro_export]
macro_rules! answer {
    ($status:literal $reason:literal, $policy:expr, $fields:expr, $body:expr) => {
        $crate::answer::Answer::fixed(
            $status,
            $crate::const_text!(out => {
                out.put(b"HTTP/1.1 ");
                out.put_decimal($status);
                out.put(b" ");
                out.put($reason.as_bytes());
                out.put(b"\r\ncontent-length: ");
                out.put_decimal($body.len() as u64);
                out.put(b"\r\n");
                out.put($fields.as_bytes());
            }),
            $policy,
            $body.as_bytes(),
        )
    };
}
