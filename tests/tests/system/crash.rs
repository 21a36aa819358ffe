//! What holds although programs are killed, disks fill and clocks jump.

mod add_and_copy;
mod disk_and_clock;
mod torture;
mod uploads;
