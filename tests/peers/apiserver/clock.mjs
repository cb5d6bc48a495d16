// The server's clock: every time it writes or judges comes from here, so that a test can set it wrong.

let skew = 0;

export const setSkew = (seconds) => (skew = seconds * 1000);
export const now = () => Date.now() + skew;
export const seconds = () => Math.floor(now() / 1000);
export const timestamp = (milliseconds = now()) => new Date(Math.floor(milliseconds / 1000) * 1000).toISOString().replace('.000', '');
export const microTimestamp = (milliseconds = now()) => new Date(milliseconds).toISOString().replace('Z', '000Z');
