//! The registers of a process at a system call.
//!
//! Source: syscall(2), "Architecture calling conventions".

pub(super) use libc::user_regs_struct as Registers;

/// The number of a system call that the kernel passes over.
const PASSED_OVER: u64 = u64::MAX;
/// How long the instruction is that makes a system call.
const INSTRUCTION: u64 = 2;

/// Returns the number of the system call.
pub(super) fn number(registers: &Registers) -> i64 {
    registers.orig_rax.cast_signed()
}

/// Returns an argument of it.
pub(super) fn argument(registers: &Registers, place: usize) -> u64 {
    match place {
        0 => registers.rdi,
        1 => registers.rsi,
        2 => registers.rdx,
        3 => registers.r10,
        4 => registers.r8,
        _ => registers.r9,
    }
}

/// Changes an argument of it.
pub(super) fn set_argument(registers: &mut Registers, place: usize, value: u64) {
    *match place {
        0 => &mut registers.rdi,
        1 => &mut registers.rsi,
        2 => &mut registers.rdx,
        3 => &mut registers.r10,
        4 => &mut registers.r8,
        _ => &mut registers.r9,
    } = value;
}

/// Returns what the kernel answered.
pub(super) fn result(registers: &Registers) -> u64 {
    registers.rax
}

/// Has the kernel pass over the system call, with an answer.
pub(super) fn answer(registers: &mut Registers, value: i64) {
    registers.orig_rax = PASSED_OVER;
    registers.rax = value.cast_unsigned();
}

/// Makes another system call of it.
pub(super) fn replace(registers: &mut Registers, number: i64, arguments: [u64; 6]) {
    registers.orig_rax = number.cast_unsigned();
    for (place, value) in arguments.into_iter().enumerate() {
        set_argument(registers, place, value);
    }
}

/// Returns the registers with which the system call is made once more.
pub(super) fn again(original: &Registers) -> Registers {
    let mut registers = *original;
    registers.rax = original.orig_rax;
    registers.rip -= INSTRUCTION;
    registers
}

/// Puts the arguments back, which programs rely on, and leaves what the kernel answered.
pub(super) fn put_back(registers: &mut Registers, original: &Registers) {
    for place in 0..6 {
        set_argument(registers, place, argument(original, place));
    }
}
