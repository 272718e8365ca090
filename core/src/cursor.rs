//! The one concrete output every renderer writes into.
//!
//! Printing into one byte cursor, instead of threading a generic `Write` through every renderer, is what
//! lets the same code run in a `const`, fill a caller's slice, and feed `Display` or a UART: traits cannot be
//! called in a `const fn`, a `&mut Cursor` can.

use crate::nonce::{NonceSlots, PLACEHOLDER};
use crate::unchecked::UNCHECKED;

/// Counts every byte, stores those that fall into its window, and can say how many were needed.
///
/// The window is the caller's buffer; it starts at byte 0 of the text unless the cursor was made with
/// [`Cursor::window`], which is how a long text passes through a short buffer piece by piece.
///
/// ```
/// use sallet_core::Cursor;
/// let mut buf = [0; 8];
/// let mut cursor = Cursor::new(&mut buf);
/// cursor.put(b"nosniff");
/// assert_eq!(cursor.finish().unwrap(), b"nosniff");
///
/// let mut small = [0; 4];
/// let mut cursor = Cursor::new(&mut small);
/// cursor.put(b"nosniff");
/// assert_eq!(cursor.finish().unwrap_err().needed, 7);
/// ```
#[derive(Debug)]
pub struct Cursor<'b> {
    window: &'b mut [u8],
    start: usize,
    written: usize,
    slots: NonceSlots,
    marked: bool,
}

impl<'b> Cursor<'b> {
    /// A cursor over the whole text.
    pub const fn new(buf: &'b mut [u8]) -> Self {
        Self::window(buf, 0)
    }

    /// A cursor that stores only bytes `start..start + buf.len()` of the text.
    pub const fn window(buf: &'b mut [u8], start: usize) -> Self {
        Self { window: buf, start, written: 0, slots: NonceSlots::NONE, marked: false }
    }

    /// A cursor for text that is to be read again, and not sent: it keeps the marks of what is unchecked.
    pub(crate) const fn marked(mut self) -> Self {
        self.marked = true;
        self
    }

    /// Appends `bytes`: all of them are counted, those inside the window are stored.
    pub const fn put(&mut self, bytes: &[u8]) {
        let end = self.start + self.window.len();
        let mut i = 0;
        // Byte by byte: `copy_from_slice` on sub-slices is not yet possible in a `const fn`.
        while i < bytes.len() {
            let at = self.written + i;
            if at >= self.start && at < end {
                self.window[at - self.start] = bytes[i];
            }
            i += 1;
        }
        self.written += bytes.len();
    }

    /// Appends a number in decimal.
    pub const fn put_decimal(&mut self, value: u64) {
        let mut digits = [0; 20]; // u64::MAX has 20
        let (mut at, mut value) = (digits.len(), value);
        loop {
            at -= 1;
            digits[at] = b'0' + (value % 10) as u8;
            value /= 10;
            if value == 0 {
                break;
            }
        }
        self.put(digits.split_at(at).1);
    }

    /// Appends the place of a nonce and remembers it.
    pub(crate) const fn put_nonce(&mut self) {
        self.slots.push(self.written);
        self.put(PLACEHOLDER.as_bytes());
    }

    /// Appends the mark of what is unchecked, if this text keeps it.
    pub(crate) const fn put_mark(&mut self) {
        if self.marked {
            self.put(UNCHECKED.as_bytes());
        }
    }

    /// The places of nonces so far.
    pub(crate) const fn slots(&self) -> NonceSlots {
        self.slots
    }

    /// How many bytes have been put so far, stored or not.
    pub const fn written(&self) -> usize {
        self.written
    }

    /// The stored text, which is the whole text.
    ///
    /// # Errors
    /// [`BufferTooSmall`] with the exact size when the text did not fit; nothing is ever cut short.
    pub const fn finish(self) -> Result<&'b [u8], BufferTooSmall> {
        if self.start != 0 || self.written > self.window.len() {
            return Err(BufferTooSmall { needed: self.written });
        }
        Ok(self.window.split_at(self.written).0)
    }
}

/// The bytes a text passes through on its way into a `Display` or a writer.
///
/// Each window is one more run of the renderer, so it is large enough for most whole texts, and small enough for the
/// stack of a microcontroller.
const WINDOW: usize = 256;

/// Runs `render` window by window and gives each piece to `each`.
pub(crate) fn in_pieces<E>(
    render: impl Fn(&mut Cursor<'_>),
    mut each: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut window = [0; WINDOW];
    let mut start = 0;
    loop {
        let mut cursor = Cursor::window(&mut window, start);
        render(&mut cursor);
        let written = cursor.written();
        each(&window[..WINDOW.min(written - start)])?;
        start += WINDOW;
        if start >= written {
            return Ok(());
        }
    }
}

/// `Display` by way of a renderer.
pub(crate) fn display(f: &mut core::fmt::Formatter<'_>, render: impl Fn(&mut Cursor<'_>)) -> core::fmt::Result {
    in_pieces(render, |piece| {
        // Every text a cursor takes is ASCII, so no window cuts a character.
        f.write_str(core::str::from_utf8(piece).map_err(|_| core::fmt::Error)?)
    })
}

/// [`display`] of a text that keeps the marks of what is unchecked.
pub(crate) fn display_marked(f: &mut core::fmt::Formatter<'_>, render: impl Fn(&mut Cursor<'_>)) -> core::fmt::Result {
    display(f, |out| {
        out.marked = true;
        render(out);
    })
}

/// The buffer cannot hold the text. Give one of `needed` bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BufferTooSmall {
    /// The exact length of the text in bytes.
    pub needed: usize,
}

impl core::fmt::Display for BufferTooSmall {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "the buffer is too small: the text takes {} bytes", self.needed)
    }
}

impl core::error::Error for BufferTooSmall {}
