// Text inside a PNG file: a chunk iTXt before the end, as the PNG specification has it.

const TABLE = Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});

function crc(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

// The PNG with a text under a keyword.
export function withText(png, keyword, text) {
  const encode = new TextEncoder(),
    content = [...encode.encode("iTXt"), ...encode.encode(keyword), 0, 0, 0, 0, 0, ...encode.encode(text)];
  const chunk = new Uint8Array(content.length + 8),
    view = new DataView(chunk.buffer),
    END = 12; // bytes of the last chunk
  view.setUint32(0, content.length - 4);
  chunk.set(content, 4);
  view.setUint32(content.length + 4, crc(content));
  const out = new Uint8Array(png.length + chunk.length);
  out.set(png.subarray(0, png.length - END));
  out.set(chunk, png.length - END);
  out.set(png.subarray(png.length - END), png.length - END + chunk.length);
  return out;
}
