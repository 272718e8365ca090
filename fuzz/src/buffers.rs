//! The promise of every renderer: the size it asks for is the size it takes, to the byte.

/// A byte that no header holds.
const UNTOUCHED: u8 = 0xA5;

/// Renders into buffers of the size that is asked for, of more, and of less; gives the text.
///
/// `render` gives the text, or the size that is needed. `size` is any number, for the sizes nobody would think of.
pub(crate) fn exact(size: usize, render: impl Fn(&mut [u8]) -> Result<Vec<u8>, usize>) -> Vec<u8> {
    let needed = match render(&mut []) {
        Ok(text) => text.len(),
        Err(needed) => needed,
    };
    let mut text = Vec::new();
    for room in [needed, needed + 1, needed + size % 1024] {
        // Some of the buffer is not handed out, and must not be written to in any way.
        let mut buf = vec![UNTOUCHED; room + 8];
        text = render(&mut buf[..room]).unwrap_or_else(|more| panic!("asked for {needed}, and with {room} for {more}"));
        assert_eq!(text.len(), needed, "the size asked for is that of the text");
        assert_eq!(buf[..needed], text, "the text is in the buffer");
        assert!(buf[needed..].iter().all(|&byte| byte == UNTOUCHED), "nothing is written behind the text");
    }
    for room in [needed.saturating_sub(1), size % needed.max(1)] {
        let mut buf = vec![UNTOUCHED; room + 8];
        if room < needed {
            assert_eq!(render(&mut buf[..room]), Err(needed), "in {room} bytes nothing is cut short");
        }
        assert!(buf[room..].iter().all(|&byte| byte == UNTOUCHED), "nothing is written behind the buffer");
    }
    text
}
