export const drawView = { name: "draw", title: "draw", suits: (m) => "draw" === "model" || m.shape.length === 3, open: () => ({ close() {} }) };
