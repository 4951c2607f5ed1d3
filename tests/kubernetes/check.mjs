// Holds the manifests of deploy/kubernetes against the API's published schemas, and against what they
// promise.
//
//   node tests/kubernetes/check.mjs NAME=FILE...      FILE: what `kubectl kustomize` built of NAME
//
// The schemas are those of Kubernetes' OpenAPI description, which the package kubernetes-models
// carries, one validator for each kind. DRAIN_MS in the environment: the daemon's default of
// --drain-timeout-ms. The last line counts the checks.
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

let passed = 0;
let failed = 0;
const check = (name, holds, why = '') => {
  if (holds) {
    passed += 1;
    return;
  }
  failed += 1;
  console.log(`FAILED: ${name}${why ? `: ${why}` : ''}`);
};

const objectsOf = (file) =>
  parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS()).filter(Boolean);

// The validator of a kind: apps/v1 Deployment is IoK8sApiAppsV1Deployment.
const validatorOf = async ({ apiVersion, kind }) => {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion];
  const words = [group.split('.')[0], version, kind];
  const name = words.map((word) => word[0].toUpperCase() + word.slice(1)).join('');
  return (await import(`kubernetes-models/_schemas/IoK8sApi${name}`)).validate;
};

// An object that notes in `seen` which of its members are read, and those of its members.
const watched = (object, path, seen) => new Proxy(object, {
  get(target, member) {
    const value = target[member];
    if (typeof member !== 'string') return value;
    seen.add(`${path}.${member}`);
    return value && typeof value === 'object' ? watched(value, `${path}.${member}`, seen) : value;
  },
});

const pathsOf = (object, path) => Object.entries(object).flatMap(([member, value]) => {
  const own = `${path}.${member}`;
  return value && typeof value === 'object' ? [own, ...pathsOf(value, own)] : [own];
});

// Why an object is none of its kind, or nothing. The schemas let unknown members pass, as the API
// does, which drops them: a member that its validator did not look at is unknown.
const faultOf = async (object) => {
  const validate = await validatorOf(object);
  const seen = new Set();
  if (!validate(watched(object, '', seen))) {
    return validate.errors.map((error) => `${error.instancePath} ${error.message ?? error.keyword}`).join('; ');
  }
  const unknown = pathsOf(object, '').find((path) => !seen.has(path));
  return unknown ? `${unknown} is unknown` : '';
};

const milliseconds = (container) => {
  const set = (container.env ?? []).find((one) => one.name === 'ADVECT_DRAIN_TIMEOUT_MS');
  return Number(set?.value ?? process.env.DRAIN_MS);
};

const hardened = (container) => {
  const context = container.securityContext ?? {};
  return context.allowPrivilegeEscalation === false && context.readOnlyRootFilesystem === true &&
    context.capabilities?.drop?.includes('ALL');
};

// Volumes and ports that containers name are there; nothing may be written but volumes.
const namesThatAreMissing = (pod) => {
  const volumes = new Set((pod.volumes ?? []).map((volume) => volume.name));
  const containers = [...(pod.initContainers ?? []), ...pod.containers];
  const missing = containers.flatMap((container) => container.volumeMounts ?? [])
    .map((mount) => mount.name).filter((name) => !volumes.has(name));
  for (const container of pod.containers) {
    const ports = new Set((container.ports ?? []).map((port) => port.name));
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
      const port = container[probe]?.httpGet?.port;
      if (!port || !ports.has(port)) missing.push(`${container.name}.${probe}`);
    }
  }
  return missing;
};

const checkDeployment = (name, deployment) => {
  const pod = deployment.spec.template.spec;
  const [container] = pod.containers;
  const drain = milliseconds(container) / 1000;
  const wait = Number(container.lifecycle?.preStop?.exec?.command?.[1] ?? 0);
  const grace = pod.terminationGracePeriodSeconds;
  check(`${name}: ${wait} s of preStop and ${drain} s of draining fit into ${grace} s`,
    drain > 0 && wait + drain + 5 <= grace);
  check(`${name}: no root, no privileges`, pod.securityContext?.runAsNonRoot === true &&
    pod.securityContext.runAsUser > 0 && pod.automountServiceAccountToken === false &&
    [...(pod.initContainers ?? []), ...pod.containers].every(hardened));
  check(`${name}: memory is limited, processors are asked for`,
    container.resources?.limits?.memory && container.resources?.requests?.cpu);
  const missing = namesThatAreMissing(pod);
  check(`${name}: what containers name is there`, missing.length === 0, missing.join(', '));
  const key = (container.env ?? []).find((one) => one.name === 'ADVECT_API_KEY');
  check(`${name}: there is a key`, key?.valueFrom?.secretKeyRef && !key.valueFrom.secretKeyRef.optional);
};

const checkSelectors = (name, objects, deployment) => {
  const labels = deployment.spec.template.metadata.labels;
  const chosen = (selector) => Object.entries(selector).length > 0 &&
    Object.entries(selector).every(([label, value]) => labels[label] === value);
  for (const object of objects) {
    const selector = object.kind === 'Service' ? object.spec.selector : object.spec?.selector?.matchLabels;
    if (selector) check(`${name}: ${object.kind} chooses the pods`, chosen(selector));
    const target = object.spec?.scaleTargetRef;
    if (target) {
      check(`${name}: the autoscaler has its Deployment`,
        target.name === deployment.metadata.name && deployment.spec.replicas === undefined);
    }
  }
};

// What a directive of docker/nginx says after a line that begins with another.
const directive = (file, after, name) => {
  const text = readFileSync(`docker/nginx/${file}`, 'utf8');
  const from = text.indexOf(after);
  return from < 0 ? undefined : new RegExp(`^\\s*${name} ([^;]*);`, 'm').exec(text.slice(from))?.[1];
};

// Ingresses go as docker/nginx does: queries to any pod, again to another one; jobs, by their path or
// by Prefer, to one pod of each client.
const checkIngresses = (name, objects) => {
  const ingresses = objects.filter((object) => object.kind === 'Ingress').map((object) => {
    const annotation = (of) => object.metadata.annotations?.[`nginx.ingress.kubernetes.io/${of}`];
    const paths = object.spec.rules.flatMap((rule) =>
      rule.http.paths.map((path) => ({ at: `${rule.host}${path.path}`, to: path.backend.service })));
    return { annotation, paths, canary: annotation('canary') === 'true' };
  });
  if (ingresses.length === 0) return;
  const services = objects.filter((object) => object.kind === 'Service');
  const backends = ingresses.flatMap(({ paths }) => paths.map(({ to }) => to));
  check(`${name}: what Ingresses lead to is there`, backends.every((to) => services.some((service) =>
    service.metadata.name === to.name && service.spec.ports.some((port) => port.name === to.port.name))));

  const primaries = ingresses.filter(({ canary }) => !canary);
  const [canary] = ingresses.filter((one) => one.canary);
  const queries = primaries.find(({ paths }) => paths.some(({ at }) => /[^/]\/$/.test(at)));
  const jobs = primaries.find(({ paths }) => paths.some(({ at }) => at.endsWith('/v1/jobs')));
  const again = 'proxy-next-upstream';
  check(`${name}: queries are asked again as by docker/nginx`, queries?.annotation(again) &&
    queries.annotation(again) === directive('routes.conf', 'location / {', 'proxy_next_upstream'));
  check(`${name}: jobs are not`, jobs?.annotation(again) === 'off' &&
    directive('routes.conf', 'location /v1/jobs', 'proxy_next_upstream') === 'off');

  const hash = directive('nginx.conf', 'upstream advect_jobs', 'hash')?.replace(/ consistent$/, '');
  check(`${name}: a client's jobs are one pod's`, hash && jobs?.annotation('upstream-hash-by') === hash);
  const pattern = canary?.annotation('canary-by-header-pattern') ?? '^$';
  const prefers = new RegExp(pattern.replace('(?i)', ''), pattern.startsWith('(?i)') ? 'i' : '');
  check(`${name}: so are queries that become jobs`, canary?.annotation('upstream-hash-by') === hash &&
    canary?.annotation('canary-by-header') === 'Prefer' && prefers.test('wait=5, Respond-Async') &&
    !prefers.test('return=minimal') &&
    canary.paths.every(({ at }) => queries?.paths.some((path) => path.at === at)));
  // ingress-nginx knows a Service as a canary's or as a path's, not as both.
  check(`${name}: a canary has a Service of its own`, canary?.paths.every(({ to }) =>
    !primaries.some(({ paths }) => paths.some((path) => path.to.name === to.name))));
};

for (const argument of process.argv.slice(2)) {
  const [name, file] = argument.split('=');
  const objects = objectsOf(file);
  for (const object of objects) {
    const fault = await faultOf(object);
    check(`${name}: ${object.kind} ${object.metadata?.name} is valid`, fault === '', fault);
  }
  const deployment = objects.find((object) => object.kind === 'Deployment');
  check(`${name}: a Deployment`, deployment);
  if (deployment) {
    checkDeployment(name, deployment);
    checkSelectors(name, objects, deployment);
  }
  checkIngresses(name, objects);
}

// What is no manifest is seen to be none, or the checks above would say nothing.
const wrong = [
  { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'x' }, spec: { selector: {} } },
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'x' }, spec: { ports: [{ port: 'eighty' }] } },
  { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'x' },
    spec: { maxUnavailabel: 1 } },
];
for (const object of wrong) check(`a ${object.kind} that is none`, await faultOf(object));

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
