//! How a fuzzer's bytes become several texts.

use std::borrow::Cow;

/// Cuts at the bytes FF, which stand in no UTF-8 text: so a text may hold any character at all, and a person can read
/// and write corpus files.
pub(crate) fn texts(data: &[u8]) -> impl Iterator<Item = Cow<'_, str>> {
    data.split(|&byte| byte == 0xff).map(String::from_utf8_lossy)
}
