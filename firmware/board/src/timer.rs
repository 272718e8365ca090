use crate::register::Registers;

/// A CMSDK APB timer (Arm DDI 0479, section 4.1) that runs for ever.
#[derive(Debug)]
pub struct Timer(Registers);

const CTRL: usize = 0x0;
const VALUE: usize = 0x4;
const RELOAD: usize = 0x8;

impl Timer {
    pub(crate) fn start(mut registers: Registers) -> Self {
        registers.write::<RELOAD>(u32::MAX);
        registers.write::<VALUE>(u32::MAX);
        registers.write::<CTRL>(1);
        Self(registers)
    }

    /// Ticks since the start, going round after 2^32. Differences are right when taken with `wrapping_sub`.
    #[inline]
    pub fn ticks(&self) -> u32 {
        // It counts down.
        !self.0.read::<VALUE>()
    }
}
