//! A device's memory.

use crate::{Case, Outcome};
use canopy_core::Coded;
use canopy_cuda::{Device, Memory};
use std::sync::Arc;

pub(crate) const CASES: &[Case] = &[
    ("memory: what is copied comes back", round),
    ("memory: what there is no room for is refused, and nothing stays taken", full),
];

fn round(device: &Arc<Device>) -> Outcome {
    let values: Vec<f64> = (0..100_003).map(f64::from).collect();
    let memory = Memory::<f64>::new(device, values.len())?;
    memory.fill(&values)?;
    let mut back = vec![0.0; values.len()];
    memory.read(&mut back)?;
    assert_eq!(back, values);
    // A part of it, and nothing.
    memory.fill(&[-1.0])?;
    memory.read(&mut back[..2])?;
    assert_eq!(back[..2], [-1.0, 1.0]);
    let empty = Memory::<u32>::new(device, 0)?;
    empty.read(&mut [])?;
    let code = memory.fill(&vec![0.0; values.len() + 1]).map_err(|error| error.code());
    assert_eq!(code, Err("GPU_INPUT"));
    Ok(())
}

fn full(device: &Arc<Device>) -> Outcome {
    let before = device.room()?;
    let all = device.info().bytes as usize;
    for len in [all + 1, usize::MAX / 4, usize::MAX] {
        assert_eq!(Memory::<f32>::new(device, len).map(drop).map_err(|error| error.code()), Err("GPU_MEMORY"), "{len}");
    }
    assert_eq!(device.check_room(u64::MAX).map_err(|error| error.code()), Err("GPU_MEMORY"));
    // Others may use a GPU meanwhile.
    assert!(device.room()?.abs_diff(before) < before / 2);
    Memory::<f32>::new(device, 1000)?.fill(&[1.0; 1000])?;
    Ok(())
}
