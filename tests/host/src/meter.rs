//! Counts what an audio thread must not do, in the optimised plugin as it ships.
//!
//! The framework's own allocation check is inert in release builds, so the host counts:
//! [`count_allocations!`](crate::count_allocations) defines `malloc` and its family in the
//! *executable*, and the dynamic linker then prefers them over the C library's for every
//! library, the plugin included (as `jemalloc` does). They forward to glibc and count, on a
//! thread that is inside [`watched`]. Linux with glibc only; elsewhere [`COUNTS`] is false.
//!
//! The counters are plain thread-locals without destructor or lazy start, so that counting
//! neither allocates nor recurses.

use std::cell::Cell;

/// Whether this platform can count at all.
pub const COUNTS: bool = cfg!(all(target_os = "linux", target_env = "gnu"));

thread_local! {
    static ARMED: Cell<bool> = const { Cell::new(false) };
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static FREES: Cell<u64> = const { Cell::new(0) };
    static SYSTEM_CALLS: Cell<u64> = const { Cell::new(0) };
}

/// What happened on this thread inside [`watched`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls of `malloc`, `calloc`, `realloc`, `memalign`, `aligned_alloc`, `posix_memalign`.
    pub allocations: u64,
    /// Calls of `free` with anything to free.
    pub frees: u64,
    /// Calls of `syscall` (futexes: contended locks, parking, waking), of the sleeps,
    /// `sched_yield` and `write`.
    pub system_calls: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.allocations += other.allocations;
        self.frees += other.frees;
        self.system_calls += other.system_calls;
    }
}

/// Runs `work` and counts what it does on this thread. Not to be nested.
pub fn watched<R>(work: impl FnOnce() -> R) -> (R, Counts) {
    /// Disarms also when `work` panics.
    struct Disarm;
    impl Drop for Disarm {
        fn drop(&mut self) {
            ARMED.set(false);
        }
    }
    ALLOCATIONS.set(0);
    FREES.set(0);
    SYSTEM_CALLS.set(0);
    let disarm = Disarm;
    ARMED.set(true);
    let result = work();
    drop(disarm);
    let counts = Counts {
        allocations: ALLOCATIONS.get(),
        frees: FREES.get(),
        system_calls: SYSTEM_CALLS.get(),
    };
    (result, counts)
}

/// Called by the allocator of [`count_allocations!`](crate::count_allocations).
#[inline]
pub fn on_allocation() {
    if ARMED.get() {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
    }
}

/// Called by the allocator of [`count_allocations!`](crate::count_allocations).
#[inline]
pub fn on_free() {
    if ARMED.get() {
        FREES.set(FREES.get() + 1);
    }
}

/// Called by the wrappers of [`count_allocations!`](crate::count_allocations).
#[inline]
pub fn on_system_call() {
    if ARMED.get() {
        SYSTEM_CALLS.set(SYSTEM_CALLS.get() + 1);
    }
}

/// Defines the counting allocator in this executable; use it once, at the root of a test or
/// binary. On platforms where [`COUNTS`](crate::meter::COUNTS) is false it defines nothing.
#[macro_export]
macro_rules! count_allocations {
    () => {
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        mod counting_allocator {
            use $crate::meter::{on_allocation, on_free};
            use ::core::ffi::{CStr, c_char, c_int, c_long, c_void};
            use ::core::sync::atomic::{AtomicPtr, Ordering};

            // SAFETY: glibc's own names and signatures of its allocator and of its sleep.
            unsafe extern "C" {
                fn __libc_malloc(size: usize) -> *mut c_void;
                fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
                fn __libc_realloc(block: *mut c_void, size: usize) -> *mut c_void;
                fn __libc_memalign(align: usize, size: usize) -> *mut c_void;
                fn __libc_free(block: *mut c_void);
                fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
            }

            const ENOMEM: c_int = 12;

            // SAFETY (all below): same contract as the C function of that name, forwarded
            // unchanged; the counters touch only constant-initialised thread-locals.
            #[unsafe(no_mangle)]
            unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
                on_allocation();
                // SAFETY: see above.
                unsafe { __libc_malloc(size) }
            }
            #[unsafe(no_mangle)]
            unsafe extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
                on_allocation();
                // SAFETY: see above.
                unsafe { __libc_calloc(count, size) }
            }
            #[unsafe(no_mangle)]
            unsafe extern "C" fn realloc(block: *mut c_void, size: usize) -> *mut c_void {
                on_allocation();
                // SAFETY: see above.
                unsafe { __libc_realloc(block, size) }
            }
            #[unsafe(no_mangle)]
            unsafe extern "C" fn memalign(align: usize, size: usize) -> *mut c_void {
                on_allocation();
                // SAFETY: see above.
                unsafe { __libc_memalign(align, size) }
            }
            #[unsafe(no_mangle)]
            unsafe extern "C" fn aligned_alloc(align: usize, size: usize) -> *mut c_void {
                on_allocation();
                // SAFETY: see above.
                unsafe { __libc_memalign(align, size) }
            }
            #[unsafe(no_mangle)]
            unsafe extern "C" fn posix_memalign(
                out: *mut *mut c_void,
                align: usize,
                size: usize,
            ) -> c_int {
                on_allocation();
                // SAFETY: see above; `out` is writable by the contract of posix_memalign.
                unsafe {
                    let block = __libc_memalign(align, size);
                    if block.is_null() && size != 0 {
                        return ENOMEM;
                    }
                    *out = block;
                }
                0
            }
            #[unsafe(no_mangle)]
            unsafe extern "C" fn free(block: *mut c_void) {
                if !block.is_null() {
                    on_free();
                }
                // SAFETY: see above.
                unsafe { __libc_free(block) }
            }

            /// The C library's own function of that name, found once.
            fn next(found: &AtomicPtr<c_void>, name: &CStr) -> *mut c_void {
                const RTLD_NEXT: *mut c_void = -1isize as *mut c_void;
                let mut function = found.load(Ordering::Relaxed);
                if function.is_null() {
                    // SAFETY: `name` is a C string; RTLD_NEXT asks for the next library's.
                    function = unsafe { dlsym(RTLD_NEXT, name.as_ptr()) };
                    found.store(function, Ordering::Relaxed);
                }
                function
            }

            $crate::wrap_system_call!(syscall: c"syscall", (number: c_long, a: c_long, b: c_long, c: c_long,
                d: c_long, e: c_long, f: c_long) -> c_long);
            $crate::wrap_system_call!(sched_yield: c"sched_yield", () -> c_int);
            $crate::wrap_system_call!(nanosleep: c"nanosleep", (time: *const c_void, rest: *mut c_void) -> c_int);
            $crate::wrap_system_call!(clock_nanosleep: c"clock_nanosleep", (clock: c_int, flags: c_int,
                time: *const c_void, rest: *mut c_void) -> c_int);
            $crate::wrap_system_call!(write: c"write", (file: c_int, bytes: *const c_void, count: usize) -> isize);
        }
    };
}

/// Stands before a C function of integer and pointer arguments and counts its calls; part
/// of [`count_allocations!`](crate::count_allocations).
#[doc(hidden)]
#[macro_export]
macro_rules! wrap_system_call {
    ($name:ident: $cname:literal, ($($arg:ident: $ty:ty),*) -> $ret:ty) => {
        // SAFETY: forwards the same arguments to the function it stands before.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($arg: $ty),*) -> $ret {
            static NEXT: AtomicPtr<c_void> = AtomicPtr::new(::core::ptr::null_mut());
            $crate::meter::on_system_call();
            let function = next(&NEXT, $cname);
            // SAFETY: glibc defines it with this signature. (`syscall` is
            // variadic there, and reads all its arguments as words from where
            // this call puts them.)
            unsafe {
                let function = ::core::mem::transmute::<
                    *mut c_void,
                    unsafe extern "C" fn($($ty),*) -> $ret,
                >(function);
                function($($arg),*)
            }
        }
    };
}
