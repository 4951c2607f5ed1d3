export const modelView = { name: "model", title: "model", suits: (m) => "model" === "model" || m.shape.length === 3, open: () => ({ close() {} }) };
