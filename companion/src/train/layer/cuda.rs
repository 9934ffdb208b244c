//! The recurrence on CUDA: for each step a product (cuBLAS, full single precision) and a kernel
//! (`cell.cu`, compiled by the driver's own compiler when it is first needed).

use std::sync::OnceLock;

use candle_core::cuda_backend::cudarc::cublas::{Gemm, GemmConfig, sys::cublasOperation_t};
use candle_core::cuda_backend::cudarc::driver::{
    CudaFunction, CudaSlice, CudaView, CudaViewMut, LaunchConfig, PushKernelArg, result, sys,
};
use candle_core::cuda_backend::cudarc::nvrtc;
use candle_core::cuda_backend::{CudaDevice, CudaStorage};
use candle_core::op::BackpropOp;
use candle_core::{Error, Layout, Result, Storage, Tensor, bail};

use super::{GATES, State, Trace};

/// Threads of a block.
const BLOCK: u32 = 256;

/// Lets freed memory stay with the device: a batch takes the same again and again, and giving
/// it back to the system in between costs more than the batch.
///
/// # Errors
/// If the device has no such memory.
pub fn keep_memory(device: &CudaDevice) -> Result<()> {
    let ordinal = device.cuda_stream().context().ordinal() as i32;
    let mut most = u64::MAX;
    let threshold = sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
    // SAFETY: the device has a context, so it exists; the attribute is a 64-bit number, which
    // is read before the call returns.
    unsafe {
        let device = result::device::get(ordinal).map_err(Error::wrap)?;
        let pool = result::device::get_default_mem_pool(device).map_err(Error::wrap)?;
        result::mem_pool::set_attribute(pool, threshold, (&raw mut most).cast())
            .map_err(Error::wrap)
    }
}

/// See [`forward`](super::recurrence::forward): outputs, gates, cells.
///
/// # Errors
/// If the device fails, or a tensor is not on it.
pub fn forward(
    device: &CudaDevice,
    projected: &Tensor,
    weight: &Tensor,
    state: Option<&State>,
) -> Result<(Tensor, Tensor, Tensor)> {
    let (steps, rows, width) = projected.dims3()?;
    let units = width / GATES;
    let wide = rows * units;
    let (stream, cell) = (device.cuda_stream(), function(device, "cell_forward")?);
    let (projected, weight) = (projected.storage_and_layout(), weight.storage_and_layout());
    let (projected, weight) = (view(&projected.0, projected.1)?, view(&weight.0, weight.1)?);
    let state = state.map(|s| (s.hidden.storage_and_layout(), s.cell.storage_and_layout()));
    let state = match &state {
        Some((hidden, cell)) => Some((view(&hidden.0, hidden.1)?, view(&cell.0, cell.1)?)),
        None => None,
    };
    // SAFETY: every number of these is written before it is read, gates at once and the others
    // step by step.
    let (mut gates, mut cells, mut hidden) = unsafe {
        (
            device.alloc::<f32>(steps * rows * width)?,
            device.alloc::<f32>(steps * wide)?,
            device.alloc::<f32>(steps * wide)?,
        )
    };
    device.memcpy_dtod(&projected, &mut gates)?;
    for step in 0..steps {
        let mut z = gates.slice_mut(step * rows * width..(step + 1) * rows * width);
        let (hidden_before, mut hidden_now) = hidden.split_at_mut(step * wide);
        let (cells_before, mut cells_now) = cells.split_at_mut(step * wide);
        let last = |view: &'_ CudaViewMut<'_, f32>| (step - 1) * wide..view.len();
        let before = if step > 0 {
            let (hidden, cells) = (last(&hidden_before), last(&cells_before));
            Some((hidden_before.slice(hidden), cells_before.slice(cells)))
        } else {
            state.as_ref().map(|(hidden, cell)| (hidden.slice(..), cell.slice(..)))
        };
        if let Some((hidden, _)) = &before {
            add_product(device, [rows, width, units], &weight, hidden, &mut z)?;
        }
        let (units, all, begins) = (units as i32, wide as i32, i32::from(before.is_none()));
        // Where the layer begins the kernel reads no cells; any will do.
        let anything = weight.slice(..);
        let cells_before = before.as_ref().map_or(&anything, |(_, cells)| cells);
        let mut hidden_now = hidden_now.slice_mut(..wide);
        let mut cells_now = cells_now.slice_mut(..wide);
        let mut launch = stream.launch_builder(&cell);
        launch.arg(&mut z).arg(cells_before).arg(&mut cells_now).arg(&mut hidden_now);
        launch.arg(&units).arg(&all).arg(&begins);
        // SAFETY: arguments are those of the kernel, in its order, and as long as it takes them.
        unsafe { launch.launch(grid(wide)) }.map_err(Error::wrap)?;
    }
    let tensor = |values, width| tensor(device, values, [steps, rows, width]);
    Ok((tensor(hidden, units), tensor(gates, width), tensor(cells, units)))
}

/// See [`backward`](super::recurrence::backward).
///
/// # Errors
/// If the device fails, or a tensor is not on it.
pub fn backward(
    device: &CudaDevice,
    trace: &Trace,
    weight: &Tensor,
    arriving: &Tensor,
) -> Result<Tensor> {
    let (steps, rows, units) = arriving.dims3()?;
    let (wide, width) = (rows * units, GATES * units);
    let (stream, cell) = (device.cuda_stream(), function(device, "cell_backward")?);
    let (gates, cells) = (trace.gates.storage_and_layout(), trace.cells.storage_and_layout());
    let (gates, cells) = (view(&gates.0, gates.1)?, view(&cells.0, cells.1)?);
    let (weight, arriving) = (weight.storage_and_layout(), arriving.storage_and_layout());
    let (weight, arriving) = (view(&weight.0, weight.1)?, view(&arriving.0, arriving.1)?);
    // SAFETY: every number is written before it is read.
    let (mut dz, mut later, mut onward) = unsafe {
        (
            device.alloc::<f32>(steps * rows * width)?,
            device.alloc::<f32>(wide)?,
            device.alloc::<f32>(wide)?,
        )
    };
    for step in (0..steps).rev() {
        let at = step * wide..(step + 1) * wide;
        let gates = gates.slice(step * rows * width..(step + 1) * rows * width);
        let mut dz = dz.slice_mut(step * rows * width..(step + 1) * rows * width);
        let (begins, ends) = (i32::from(step == 0), i32::from(step + 1 == steps));
        let before = if step == 0 { at.clone() } else { at.start - wide..at.start };
        let (before, now, arriving) =
            (cells.slice(before), cells.slice(at.clone()), arriving.slice(at));
        let (units_now, all) = (units as i32, wide as i32);
        let mut launch = stream.launch_builder(&cell);
        launch.arg(&gates).arg(&before).arg(&now).arg(&arriving);
        launch.arg(&later).arg(&mut onward).arg(&mut dz);
        launch.arg(&units_now).arg(&all).arg(&begins).arg(&ends);
        // SAFETY: arguments are those of the kernel, in its order, and as long as it takes them.
        unsafe { launch.launch(grid(wide)) }.map_err(Error::wrap)?;
        if step > 0 {
            product(device, [rows, units, width], &weight, &dz.as_view(), &mut later)?;
        }
    }
    Ok(tensor(device, dz, [steps, rows, width]))
}

/// `out [rows, outputs] += input [rows, inputs] weight^T`, `weight` being `[outputs, inputs]`.
fn add_product(
    device: &CudaDevice,
    [rows, outputs, inputs]: [usize; 3],
    weight: &CudaView<'_, f32>,
    input: &CudaView<'_, f32>,
    out: &mut CudaViewMut<'_, f32>,
) -> Result<()> {
    // Column by column, as cuBLAS reads, rows are columns: out^T += weight input^T.
    let config = GemmConfig {
        transa: cublasOperation_t::CUBLAS_OP_T,
        transb: cublasOperation_t::CUBLAS_OP_N,
        m: outputs as i32,
        n: rows as i32,
        k: inputs as i32,
        alpha: 1.0,
        lda: inputs as i32,
        ldb: inputs as i32,
        beta: 1.0,
        ldc: outputs as i32,
    };
    // SAFETY: the views are as long as the sizes say.
    unsafe { device.cublas_handle().gemm(config, weight, input, out) }.map_err(Error::wrap)
}

/// `out [rows, outputs] = input [rows, inputs] weight`, `weight` being `[inputs, outputs]`.
fn product(
    device: &CudaDevice,
    [rows, outputs, inputs]: [usize; 3],
    weight: &CudaView<'_, f32>,
    input: &CudaView<'_, f32>,
    out: &mut CudaSlice<f32>,
) -> Result<()> {
    let config = GemmConfig {
        transa: cublasOperation_t::CUBLAS_OP_N,
        transb: cublasOperation_t::CUBLAS_OP_N,
        m: outputs as i32,
        n: rows as i32,
        k: inputs as i32,
        alpha: 1.0,
        lda: outputs as i32,
        ldb: inputs as i32,
        beta: 0.0,
        ldc: outputs as i32,
    };
    // SAFETY: the views are as long as the sizes say.
    unsafe { device.cublas_handle().gemm(config, weight, input, out) }.map_err(Error::wrap)
}

/// The numbers of a contiguous tensor.
fn view<'a>(storage: &'a Storage, layout: &Layout) -> Result<CudaView<'a, f32>> {
    let Storage::Cuda(storage) = storage else { bail!("a tensor is not on the GPU") };
    let Some((start, end)) = layout.contiguous_offsets() else {
        bail!("a tensor is not contiguous")
    };
    Ok(storage.as_cuda_slice::<f32>()?.slice(start..end))
}

fn tensor(device: &CudaDevice, values: CudaSlice<f32>, shape: [usize; 3]) -> Tensor {
    let storage = Storage::Cuda(CudaStorage::wrap_cuda_slice(values, device.clone()));
    Tensor::from_storage(storage, (shape[0], shape[1], shape[2]), BackpropOp::none(), false)
}

fn grid(threads: usize) -> LaunchConfig {
    let blocks = (threads as u32).div_ceil(BLOCK);
    LaunchConfig { grid_dim: (blocks, 1, 1), block_dim: (BLOCK, 1, 1), shared_mem_bytes: 0 }
}

/// A kernel of `cell.cu`.
fn function(device: &CudaDevice, name: &str) -> Result<CudaFunction> {
    static PROGRAM: OnceLock<std::result::Result<String, String>> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| {
        let program = nvrtc::compile_ptx(include_str!("cell.cu"));
        program.map(|program| program.to_src()).map_err(|error| format!("{error:?}"))
    });
    match program {
        Ok(program) => {
            let function = device.get_or_load_custom_func(name, "anacrusis_cell", program)?;
            Ok(function.into_cuda_function())
        }
        Err(error) => bail!("the kernels of cell.cu do not compile: {error}"),
    }
}
