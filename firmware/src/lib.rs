//! An HTTP server for a microcontroller: policies in flash, a keyring in flash, and no heap.
//!
//! | Where | What |
//! |---|---|
//! | [`app`] | the routes, the keys and the policies: what a product would change |
//! | [`server`] | one request after the other, from the head to the answer |
//! | [`line`] | reading with bounded waits, and finding back to the start of a request after a broken one |
//! | [`answer`], [`refused`] | answers, almost all of whose bytes the compiler has rendered |
//! | [`entropy`] | nonces from a seed |
//! | [`console`] | the seed in, a log out |
//! | [`power`] | the board's timer and watchdog |
//! | [`measure`] | what each part costs |
//!
//! It is generic over [`embedded_io`]; the program `serve` runs it on a UART of the board.
#![no_std]
#![forbid(unsafe_code)]

pub mod answer;
pub mod app;
pub mod console;
pub mod entropy;
pub mod line;
pub mod measure;
pub mod power;
pub mod refused;
pub mod server;

// The example of the README, compiled with the others.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
