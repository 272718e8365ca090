use core::convert::Infallible;

use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};

use crate::register::Registers;

/// A CMSDK APB UART (Arm DDI 0479, section 4.3): one byte of buffer in each direction.
#[derive(Debug)]
pub struct Uart(Registers);

const DATA: usize = 0x0;
const STATE: usize = 0x4;
const CTRL: usize = 0x8;
const INTCLEAR: usize = 0xc;
const BAUDDIV: usize = 0x10;

const TX_FULL: u32 = 1;
const RX_FULL: u32 = 2;

impl Uart {
    pub(crate) fn open(mut registers: Registers) -> Self {
        registers.write::<BAUDDIV>(217); // 115,200 baud; QEMU wants a divisor and ignores it
        registers.write::<CTRL>(0b1011); // transmit; receive, and say so by an interrupt
        Self(registers)
    }
}

/// Takes back the interrupt of a byte that has come.
pub(crate) fn clear_interrupt(mut registers: Registers) {
    registers.write::<INTCLEAR>(0b10);
}

impl ErrorType for Uart {
    type Error = Infallible;
}

impl ReadReady for Uart {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(self.0.read::<STATE>() & RX_FULL != 0)
    }
}

impl Read for Uart {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, Infallible> {
        let Some(first) = buf.first_mut() else { return Ok(0) };
        while self.0.read::<STATE>() & RX_FULL == 0 {}
        *first = self.0.read::<DATA>() as u8;
        Ok(1)
    }
}

impl WriteReady for Uart {
    fn write_ready(&mut self) -> Result<bool, Infallible> {
        Ok(self.0.read::<STATE>() & TX_FULL == 0)
    }
}

impl Write for Uart {
    fn write(&mut self, buf: &[u8]) -> Result<usize, Infallible> {
        let Some(&first) = buf.first() else { return Ok(0) };
        while self.0.read::<STATE>() & TX_FULL != 0 {}
        self.0.write::<DATA>(first.into());
        Ok(1)
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        while self.0.read::<STATE>() & TX_FULL != 0 {}
        Ok(())
    }
}
