//! What is commonly written in place of Sallet. Each works, and each tells by its time how far it got.

/// As `strcmp` does it. (Rust's `==` on bytes is the C library's `memcmp`, which looks at 16 or 32 of them at once and leaves
/// between those: a leak as well, of less and on other lengths.)
#[inline(never)]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b)
}

/// The place of what is looked for. Nobody needs to look further once it is found.
#[inline(never)]
pub fn position<T: AsRef<[u8]>>(ring: &[T], presented: &[u8]) -> Option<usize> {
    ring.iter().position(|stored| same(stored.as_ref(), presented))
}
