//! The size of all headers together.

use super::{Found, Lint};
use crate::policy::SecurityHeaders;

/// A page of memory: what nginx reads a response's head into (`proxy_buffer_size`, 4 KiB or 8 KiB by platform). Where the head
/// is longer it answers 502.
const PAGE: usize = 4096;
/// What the server and the app send besides: date, content-type, cookies.
const OTHERS: usize = 512;

pub(super) fn lints<'a>(policy: &SecurityHeaders<'a>, found: Found<'_, 'a>) {
    let length = policy.block_len();
    if length + OTHERS <= PAGE {
        return;
    }
    let Some(longest) = policy.fields().max_by_key(|field| field.value_len()) else { return };
    let (reason, remedy) = (
        "with it the headers are longer than some proxies read (nginx: 4 KiB or 8 KiB), and those answer 502",
        "shorten it, such as by *.host for many hosts, or raise proxy_buffer_size",
    );
    found(if length + OTHERS > 2 * PAGE {
        Lint::medium(longest.name(), reason, remedy)
    } else {
        Lint::low(longest.name(), reason, remedy)
    });
}
