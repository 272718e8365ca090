use crate::register::Registers;

/// The CMSDK APB watchdog (Arm DDI 0479, section 4.5).
#[derive(Debug)]
pub struct Watchdog(Registers);

const LOAD: usize = 0x0;
const CONTROL: usize = 0x8;
const INTCLR: usize = 0xc;
const LOCK: usize = 0xc00;

impl Watchdog {
    pub(crate) const fn new(registers: Registers) -> Self {
        Self(registers)
    }

    /// From now on the board is reset when it is not fed for two of these periods. It cannot be stopped.
    pub fn start(&mut self, ticks: u32) {
        self.0.write::<LOCK>(0x1acc_e551);
        self.0.write::<LOAD>(ticks);
        self.0.write::<CONTROL>(0b11); // count, and reset
        self.0.write::<LOCK>(0);
    }

    /// The program is alive.
    pub fn feed(&mut self) {
        self.0.write::<LOCK>(0x1acc_e551);
        self.0.write::<INTCLR>(1);
        self.0.write::<LOCK>(0);
    }
}
