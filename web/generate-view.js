export const generateView = { name: "generate", title: "generate", suits: (m) => "generate" === "model" || m.shape.length === 3, open: () => ({ close() {} }) };
