//! The policy as a block: `name: value` lines, ready for a wire.

use super::SecurityHeaders;
use crate::cursor::{self, BufferTooSmall, Cursor};
use crate::nonce::{NONCE_LEN, Nonce, NonceSlots};

impl SecurityHeaders<'_> {
    /// The exact length of the block in bytes.
    pub const fn block_len(&self) -> usize {
        let mut out = Cursor::new(&mut []);
        self.render_block(&mut out);
        out.written()
    }

    /// Writes the block into `buf`.
    ///
    /// ```
    /// use sallet_core::{RenderError, SecurityHeaders};
    /// let mut buf = [0; 512];
    /// let block = SecurityHeaders::CLASSIC.write_block(&mut buf).unwrap();
    /// assert!(block.ends_with(b"x-xss-protection: 1; mode=block\r\n"));
    ///
    /// let needed = SecurityHeaders::CLASSIC.block_len();
    /// assert_eq!(SecurityHeaders::CLASSIC.write_block(&mut [0; 9]), Err(RenderError::BufferTooSmall { needed }));
    /// ```
    ///
    /// # Errors
    /// [`BufferTooSmall`](RenderError::BufferTooSmall) with the size that is needed;
    /// [`NonceNeeded`](RenderError::NonceNeeded) when a source is [`Source::NONCE`](crate::Source::NONCE): make a
    /// [`Template`].
    pub const fn write_block<'b>(&self, buf: &'b mut [u8]) -> Result<&'b [u8], RenderError> {
        if self.needs_nonce() {
            return Err(RenderError::NonceNeeded);
        }
        let mut out = Cursor::new(buf);
        self.render_block(&mut out);
        match out.finish() {
            Ok(bytes) => Ok(bytes),
            Err(BufferTooSmall { needed }) => Err(RenderError::BufferTooSmall { needed }),
        }
    }

    /// The block in a vector that owns its bytes, without a heap.
    ///
    /// # Errors
    /// As [`write_block`](Self::write_block).
    pub fn to_vec<const N: usize>(&self) -> Result<heapless::Vec<u8, N>, RenderError> {
        let mut vec = heapless::Vec::new();
        let needed = self.block_len();
        vec.resize_default(needed).map_err(|_| RenderError::BufferTooSmall { needed })?;
        self.write_block(&mut vec)?;
        Ok(vec)
    }

    /// Sends the block to a UART, a socket, or whatever else is an [`embedded_io::Write`].
    ///
    /// # Errors
    /// The writer's own, or [`NonceNeeded`](WriteError::NonceNeeded).
    pub fn send_block<W: embedded_io::Write>(&self, writer: &mut W) -> Result<(), WriteError<W::Error>> {
        if self.needs_nonce() {
            return Err(WriteError::NonceNeeded);
        }
        cursor::in_pieces(|out| self.render_block(out), |piece| writer.write_all(piece)).map_err(WriteError::Writer)
    }

    /// Renders the block into `buf` once, for many responses with a nonce each.
    ///
    /// # Errors
    /// [`BufferTooSmall`], with the size that is needed.
    pub const fn template<'b>(&self, buf: &'b mut [u8]) -> Result<Template<'b>, BufferTooSmall> {
        let mut out = Cursor::new(buf);
        self.render_block(&mut out);
        let slots = out.slots();
        match out.finish() {
            Ok(bytes) => Ok(Template { text: ascii(bytes), slots }),
            Err(error) => Err(error),
        }
    }

    const fn render_block(&self, out: &mut Cursor<'_>) {
        let mut fields = self.fields();
        while let Some(field) = fields.next_field() {
            out.put(field.name().as_bytes());
            out.put(b": ");
            field.render_value(out);
            out.put(b"\r\n");
        }
    }
}

/// The block; where a nonce goes, a text that no browser takes for one.
impl core::fmt::Display for SecurityHeaders<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        cursor::display(f, |out| self.render_block(out))
    }
}

/// A block with places for a nonce, rendered once; each response copies it and fills them.
///
/// ```
/// use sallet_core::{ContentSecurityPolicy, Directive, Nonce, SecurityHeaders, Source, Template, const_template};
///
/// static PAGE: Template = const_template!(SecurityHeaders::EMPTY.content_security_policy(Some(
///     ContentSecurityPolicy::new(&[Directive::script_src(&[Source::NONCE])])
/// )));
///
/// let mut buf = [0; 128];
/// let block = PAGE.write(&Nonce::new([0xA5; 16]), &mut buf).unwrap();
/// assert_eq!(
///     block,
///     b"content-security-policy: script-src 'nonce-paWlpaWlpaWlpaWlpaWlpQ'\r\ncache-control: private\r\n"
/// );
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Template<'a> {
    text: &'a str,
    slots: NonceSlots,
}

impl<'a> Template<'a> {
    /// The length of every block made from it, in bytes.
    pub const fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether it has no text at all.
    pub const fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Writes the block with `nonce` into `buf`.
    ///
    /// # Errors
    /// [`BufferTooSmall`], with the size that is needed.
    #[inline]
    pub fn write<'b>(&self, nonce: &Nonce, buf: &'b mut [u8]) -> Result<&'b [u8], BufferTooSmall> {
        let needed = self.text.len();
        let Some(out) = buf.get_mut(..needed) else { return Err(BufferTooSmall { needed }) };
        out.copy_from_slice(self.text.as_bytes());
        self.slots.fill(nonce, out);
        Ok(out)
    }

    /// Sends the block with `nonce`, piece by piece and without a buffer.
    ///
    /// # Errors
    /// The writer's own.
    pub fn send<W: embedded_io::Write>(&self, nonce: &Nonce, writer: &mut W) -> Result<(), W::Error> {
        let text = self.text.as_bytes();
        let mut sent = 0;
        for at in self.slots.positions() {
            writer.write_all(text.get(sent..at).unwrap_or_default())?;
            writer.write_all(nonce.as_bytes())?;
            sent = at + NONCE_LEN;
        }
        writer.write_all(text.get(sent..).unwrap_or_default())
    }

    /// For [`const_template!`](crate::const_template), which renders into an array and keeps it.
    #[doc(hidden)]
    pub const fn over_text(self, text: &'a str) -> Self {
        Self { text, slots: self.slots }
    }

    /// As [`over_text`](Self::over_text).
    #[doc(hidden)]
    pub const fn without_text(self) -> Template<'static> {
        Template { text: "", slots: self.slots }
    }
}

/// Why a block could not be rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenderError {
    /// The buffer cannot hold the block.
    BufferTooSmall {
        /// The exact length of the block in bytes.
        needed: usize,
    },
    /// A source is [`Source::NONCE`](crate::Source::NONCE): each response needs a fresh one, so make a [`Template`].
    NonceNeeded,
}

const NONCE_NEEDED: &str =
    "the policy has a nonce, which is new for each response: render it as a Template and write that";

impl core::fmt::Display for RenderError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match *self {
            Self::BufferTooSmall { needed } => BufferTooSmall { needed }.fmt(f),
            Self::NonceNeeded => f.write_str(NONCE_NEEDED),
        }
    }
}

impl core::error::Error for RenderError {}

/// Why a block could not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteError<E> {
    /// As [`RenderError::NonceNeeded`].
    NonceNeeded,
    /// The writer failed; part of the block may have gone out.
    Writer(E),
}

impl<E: core::fmt::Display> core::fmt::Display for WriteError<E> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NonceNeeded => f.write_str(NONCE_NEEDED),
            Self::Writer(error) => error.fmt(f),
        }
    }
}

impl<E: core::error::Error> core::error::Error for WriteError<E> {}

/// Every text that a policy can hold was checked to be ASCII.
pub(super) const fn ascii(bytes: &[u8]) -> &str {
    match core::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => unreachable!(),
    }
}
