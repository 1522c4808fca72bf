//! The page's memory: blocks of powers of two, each size with a list of those that are free.
//!
//! A general allocator joins neighbours again, which takes four times the code. A visitor's profile is
//! bounded and asks for the same sizes over and over, so that what is free is soon used again.

// An allocator hands out what it wrote its lists into.
#![allow(unsafe_code)]

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::memory_grow;
use core::cell::UnsafeCell;
use core::ptr::null_mut;

/// Of a block, and the most that anything may ask to be aligned to.
const LEAST: usize = 16;
const PAGE: usize = 1 << 16;
/// Pages asked for at once; they take nothing before they are used.
const PAGES: usize = 16;

pub struct Blocks(UnsafeCell<Lists>);

struct Lists {
    /// By power of two: the first free block, which begins with where the next one is.
    free: [*mut u8; usize::BITS as usize],
    /// What was never handed out.
    rest: usize,
    end: usize,
}

// SAFETY: a page's module is instantiated without shared memory, so nothing else runs beside it.
unsafe impl Sync for Blocks {}

impl Blocks {
    pub const fn new() -> Self {
        Self(UnsafeCell::new(Lists { free: [null_mut(); usize::BITS as usize], rest: 0, end: 0 }))
    }
}

/// The power of two of the block for so many bytes.
const fn power(size: usize) -> u32 {
    let size = if size < LEAST { LEAST } else { size };
    usize::BITS - (size - 1).leading_zeros()
}

#[expect(clippy::cast_ptr_alignment, reason = "every block is aligned to 16")]
// SAFETY: a block is in one list or with one owner, and is at least as long as it was asked for.
unsafe impl GlobalAlloc for Blocks {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let power = power(layout.size());
        // SAFETY: there is one thread, and no reference to the lists outlives a call.
        let lists = unsafe { &mut *self.0.get() };
        let free = &mut lists.free[power as usize];
        if !free.is_null() {
            let block = *free;
            // SAFETY: a free block begins with where the next one is.
            *free = unsafe { block.cast::<*mut u8>().read() };
            return block;
        }
        // More than there can be, and what is aligned to more than any block, is not to be had.
        let Some(size) = 1_usize.checked_shl(power).filter(|_| layout.align() <= LEAST) else {
            return null_mut();
        };
        if lists.end - lists.rest < size {
            let pages = size.div_ceil(PAGE).max(PAGES);
            let before = memory_grow::<0>(pages);
            if before == usize::MAX {
                return null_mut();
            }
            lists.rest = before * PAGE;
            lists.end = lists.rest + pages * PAGE;
        }
        let block = lists.rest;
        lists.rest += size;
        core::ptr::with_exposed_provenance_mut(block)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above; the block was handed out for this size, and is nobody's any longer.
        unsafe {
            let free = &mut (*self.0.get()).free[power(layout.size()) as usize];
            block.cast::<*mut u8>().write(*free);
            *free = block;
        }
    }
}
