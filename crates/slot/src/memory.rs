//! The process's memory: how much it holds, and giving it back.

/// Bytes of physical memory that this process occupies; `None` where the system doesn't tell (anything but Linux).
pub fn resident_bytes() -> Option<u64> {
    /// The kernel counts in pages of this size on x86-64 and on nearly every aarch64 Linux; the value is for reports and tests.
    const PAGE: u64 = 4096;
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(text.split(' ').nth(1)?.parse::<u64>().ok()? * PAGE)
}

/// Gives free heap memory back to the system. The allocator of glibc keeps what was freed otherwise; others do this by themselves.
pub fn release_free_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: the declaration is glibc's own; it takes the allocator's locks itself and touches free memory only.
        unsafe extern "C" {
            safe fn malloc_trim(keep: usize) -> i32;
        }
        malloc_trim(0);
    }
}
