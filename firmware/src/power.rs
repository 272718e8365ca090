//! The board's timer and watchdog, as the server sees them.

use board::{TICKS_PER_MS, Timer, Watchdog};

use crate::line::Clock;

/// Feeds the watchdog whenever the program waits.
#[derive(Debug)]
pub struct Power {
    timer: Timer,
    watchdog: Watchdog,
}

impl Power {
    /// From now on the board is reset when the program stops waiting.
    pub fn on(timer: Timer, mut watchdog: Watchdog) -> Self {
        // A second is far more than any stretch of work between two calls of `idle`.
        watchdog.start(1_000 * TICKS_PER_MS);
        Self { timer, watchdog }
    }
}

impl Clock for Power {
    const TICKS_PER_MS: u32 = TICKS_PER_MS;

    fn ticks(&self) -> u32 {
        self.timer.ticks()
    }

    fn idle(&mut self) {
        self.watchdog.feed();
        board::sleep();
    }
}
