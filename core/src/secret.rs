//! Everything that touches a secret: digests, minted tokens, and the only comparison of secrets in the code base.
//!
//! A server that checks bearer tokens never needs the token, only something to recognise it by. Sallet keeps the
//! SHA-256 [`Digest`] and compares digests: they all have one length, so the length of a secret cannot show, and
//! the bytes an attacker controls are scrambled before they meet the bytes he wants to know.
//!
//! # Time
//!
//! What the time of [`Digest`]'s comparison (and of [`Keyring::verify`](crate::auth::Keyring::verify), which uses
//! it) does **not** depend on:
//!
//! - the digests in the ring, hence the contents and the length of every stored token;
//! - how much of the presented token agrees with a stored one;
//! - which key matches, or whether any key does, until the verdict itself is returned;
//! - whether any key is expired, not yet valid, or in force, but the one that matched: its window is looked at after
//!   the match.
//!
//! What it **may** depend on:
//!
//! - the length of the *presented* token, in blocks of 64 bytes, which its sender knows;
//! - what the grammar says of the presented credential, which its sender knows: whether it can be read at all and, of Basic, how
//!   long the user is. No character of it is looked up in a table;
//! - the number of keys in the ring;
//! - the verdict, and with a match which key it is, once that is decided: its window and its scopes are read then, and
//!   an admitted request goes on to do the work it asked for;
//! - the processor: a multiplier or a cache with data-dependent timing below SHA-256 is out of reach here. SHA-256
//!   itself uses additions, rotations and exclusive-ors, or the processor's own instructions;
//! - debug assertions: with them on, `subtle` asserts that a choice is 0 or 1, a branch that always goes the same way.
//!
//! # Time of an index
//!
//! An [`IndexedKeyring`](crate::auth::IndexedKeyring), and the `KeyTable` of hosts, compare eight digests and not all. The time of
//! their search, and what it leaves in the caches of the processor, may depend on what the second list above says, and on:
//!
//! - the leading 64 bits of the SHA-256 of what was presented;
//! - where the leading 64 bits of the stored digests fall among these: which of them lie next to each other, and, where more than
//!   eight fall into one place of the index, how many steps lead to the right ones.
//!
//! It does not depend on any other bit of a digest, on how much of a stored token was guessed, or on which of the eight matches or
//! whether one does. Whoever presents a token knows its digest, and can find out, one bit after the other, how the digests of some
//! other key begin: up to 64 bits. With them nothing can be done but to test a guess of a whole token without asking the server, which
//! is what somebody can do who has stolen the file of digests: it takes 2^127 guesses to find a token of 128 random bits, with 64 bits
//! of its digest or with all of them. A digest that begins alike is no step on the way to the token, since a changed token has another
//! digest from its first bit on. So the one thing that an index asks for is what keeping digests asks for: tokens that nobody can guess.
//!
//! The checks that follow hold for it too, with the choice of the eight as the one thing that may depend on the digests.
//!
//! # What is checked
//!
//! No claim is made for what no request can set off: reading a digest from text, checking a configured token, making a
//! ring, and minting, which looks its characters up in a table.
//!
//! The first list is checked under Valgrind, in the shipped profile and without optimisation: stored digests and the
//! presented token are marked as never written, and no branch and no address may then depend on them but the verdict's
//! (`core/tests/constant_time/`). What no tool can see in the program, the processor's own timing, is measured and
//! not proved (`benches/timing/`).
//!
//! # Only for high-entropy tokens
//!
//! One fast hash is right for a token drawn from 256 random bits, as [`Token::mint`] does: nobody can guess it, so
//! there is nothing to slow down. It is wrong for passwords. Whoever steals a file of such digests can try billions
//! of guesses a second, and a word chosen by a person falls at once.
//!
//! # Wiping
//!
//! [`Token`] wipes its bytes on drop. A value that was moved may leave a copy on the stack that no destructor sees,
//! and the caller's own buffers (the request head, a Python `str`) are the caller's.

mod digest;
mod token;

pub use digest::{Digest, DigestError};
pub use token::{Token, TokenError};
