// The LSTM cell of one step for all rows and units, forward and backward; recurrence.rs says
// in plain loops what these do. A thread computes one unit of one row.

__device__ float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

// gates: [rows, 4 units], z in, gates out. before: cells of the step before, unless the layer
// begins here.
extern "C" __global__ void cell_forward(float *gates, const float *before, float *cells,
                                        float *hidden, int units, int wide, int begins) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= wide) return;
    float *z = gates + (size_t)(at / units) * 4 * units + at % units;
    float i = sigmoid(z[0]);
    float f = sigmoid(z[units]);
    float g = tanhf(z[2 * units]);
    float o = sigmoid(z[3 * units]);
    float c = i * g + (begins ? 0.0f : f * before[at]);
    z[0] = i;
    z[units] = f;
    z[2 * units] = g;
    z[3 * units] = o;
    cells[at] = c;
    hidden[at] = o * tanhf(c);
}

// later: gradient by the hidden state that comes from the step after, and onward: that by the
// cell, which is handed on; neither counts where the layer ends.
extern "C" __global__ void cell_backward(const float *gates, const float *before,
                                         const float *cells, const float *arriving,
                                         const float *later, float *onward, float *dz,
                                         int units, int wide, int begins, int ends) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= wide) return;
    size_t row = (size_t)(at / units) * 4 * units + at % units;
    const float *z = gates + row;
    float i = z[0], f = z[units], g = z[2 * units], o = z[3 * units];
    float tanh_c = tanhf(cells[at]);
    float dh = arriving[at] + (ends ? 0.0f : later[at]);
    float dc = dh * o * (1.0f - tanh_c * tanh_c) + (ends ? 0.0f : onward[at]);
    float *d = dz + row;
    d[0] = dc * g * i * (1.0f - i);
    d[units] = begins ? 0.0f : dc * before[at] * f * (1.0f - f);
    d[2 * units] = dc * i * (1.0f - g * g);
    d[3 * units] = dh * tanh_c * o * (1.0f - o);
    onward[at] = dc * f;
}
