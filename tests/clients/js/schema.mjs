/* JSON Schema, as much of it as the API's description uses; a word that it does not know is an error, so
 * that nothing is taken for checked that is not. */

const SAID = new Set(["description", "default", "format", "title"]);
const CHECKED = new Set(["$ref", "anyOf", "type", "enum", "properties", "required", "additionalProperties",
  "items", "minItems", "maxItems", "minimum", "maximum"]);

function kindOf(value) {
  if (value === null)
    return "null";
  if (Array.isArray(value))
    return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

export class Schemas {
  constructor(document) {
    this.all = document.components.schemas;
    this.seen = new Set(); /* "job.progress": members that were met */
  }

  /* What is wrong with the value, in words; "" if nothing is. */
  check(schema, value, at = "", name = "") {
    for (const word of Object.keys(schema))
      if (!SAID.has(word) && !CHECKED.has(word))
        throw new Error(`the schema at ${at || "the top"} has the word ${word}`);
    if (schema.$ref) {
      const target = schema.$ref.replace("#/components/schemas/", "");
      return this.check(this.all[target], value, at, target);
    }
    if (schema.anyOf) {
      const faults = schema.anyOf.map((one) => this.check(one, value, at, name));
      return faults.includes("") ? "" : faults.join("; or ");
    }
    if (schema.enum && !schema.enum.includes(value))
      return `${at} is ${JSON.stringify(value)}`;
    const kind = kindOf(value), wanted = schema.type;
    if (kind !== wanted && !(wanted === "number" && kind === "integer"))
      return `${at} is ${kind} instead of ${wanted}`;
    if (value < schema.minimum || value > schema.maximum)
      return `${at} is ${value}`;
    return kind === "array" ? this.checkItems(schema, value, at, name)
      : kind === "object" ? this.checkMembers(schema, value, at, name) : "";
  }

  checkItems(schema, value, at, name) {
    if (value.length < schema.minItems || value.length > schema.maxItems)
      return `${at} has ${value.length} items`;
    for (let i = 0; i < value.length; i++) {
      const fault = this.check(schema.items, value[i], `${at}[${i}]`, name);
      if (fault)
        return fault;
    }
    return "";
  }

  checkMembers(schema, value, at, name) {
    for (const member of schema.required ?? [])
      if (!(member in value))
        return `${at}.${member} is missing`;
    if (schema.additionalProperties === true)
      return "";
    for (const [member, held] of Object.entries(value)) {
      const own = schema.properties[member];
      if (!own)
        return `${at}.${member} is not known`;
      const fault = this.check(own, held, `${at}.${member}`, "");
      if (fault)
        return fault;
      if (name)
        this.seen.add(`${name}.${member}`);
    }
    return "";
  }

  /* The value as the schema of that name has it; throws what is wrong. */
  expect(name, value) {
    const fault = this.check({ $ref: `#/components/schemas/${name}` }, value);
    if (fault)
      throw new Error(`${name}: ${fault}`);
  }

  /* The members of a schema that were never met. */
  unseen(name) {
    return Object.keys(this.all[name].properties).filter((member) => !this.seen.has(`${name}.${member}`))
      .map((member) => `${name}.${member}`);
  }
}
