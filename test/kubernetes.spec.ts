import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';
import { readSettings } from '@app/settings';
import { apiEnvSchema } from '../apps/api/src/env.js';
import { workerEnvSchema } from '../apps/worker/src/env.js';
import { describeWith } from './support/programs.js';

const BASE = 'deploy/kubernetes/base';
const EXAMPLE = 'deploy/kubernetes/overlays/example';
const documents = (text: string): any[] => parseAllDocuments(text).map((one: any) => one.toJS());
const textOf = (folder: string, file: string) => readFileSync(join(folder, file), 'utf8');
const objectsOf = (folder: string): any[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml')
    .flatMap((file) => documents(textOf(folder, file)));
const nameOf = ({ kind, metadata }: any): string => `${kind} ${metadata.name}`;

/**
 * What Kubernetes would say of an object: what its schema does not allow, and fields that it does not know. The schemas
 * pass over unknown fields, but look at all that they know: a field that nobody has looked at is unknown.
 */
async function complaintsAbout(object: any): Promise<string[]> {
  const { [object.kind]: model } = await import(`kubernetes-models/${object.apiVersion}/${object.kind}`);
  const left = new Set<string>();
  const watched = (value: any, path: string): any => {
    if (typeof value !== 'object' || value === null) return value;
    const fields = Object.fromEntries(Object.keys(value).map((key) => [key, watched(value[key], `${path}.${key}`)]));
    if (!Array.isArray(value)) for (const key of Object.keys(value)) left.add(`${path}.${key}`);
    return new Proxy(Array.isArray(value) ? Object.values(fields) : fields, {
      get: (target, key) => {
        left.delete(`${path}.${String(key)}`);
        return Reflect.get(target, key);
      },
    });
  };
  try {
    model.prototype.validate.call(watched(object, ''));
  } catch (error) {
    return [`${nameOf(object)}: ${String(error)}`];
  }
  return [...left].map((path) => `${nameOf(object)}: ${path.slice(1)} is unknown`);
}

const complaints = async (objects: any[]): Promise<string[]> =>
  (await Promise.all(objects.map(complaintsAbout))).flat();

const base = objectsOf(BASE);
const find = (kind: string, name: string): any =>
  base.find((object) => object.kind === kind && object.metadata.name === name);
const podOf = (object: any): any => object.spec.template.spec;
const withPods = [
  find('Deployment', 'retract-api'),
  find('Deployment', 'retract-worker'),
  find('Job', 'retract-migration'),
];
const containerOf = (object: any): any => podOf(object).containers[0];

describe('the check of manifests', () => {
  const [policy] = base.filter(({ kind }) => kind === 'PodDisruptionBudget');

  it('refuses what the schema does not allow, and fields that Kubernetes does not know', async () => {
    const wrong = { ...policy, spec: { ...policy.spec, selector: 'api' } };
    expect(await complaints([wrong])).toEqual([expect.stringContaining('selector')]);
    const unknown = { ...policy, spec: { ...policy.spec, minAvailble: 1 }, stats: {} };
    expect(await complaints([unknown])).toEqual([
      'PodDisruptionBudget retract-api: spec.minAvailble is unknown',
      'PodDisruptionBudget retract-api: stats is unknown',
    ]);
    const deep = structuredClone(withPods[0]);
    containerOf(deep).readinessProbe.httpGet.prot = 3;
    expect(await complaints([deep])).toEqual([
      'Deployment retract-api: spec.template.spec.containers.0.readinessProbe.httpGet.prot is unknown',
    ]);
  });
});

describe('deploy/kubernetes', () => {
  it.each([BASE, EXAMPLE])('%s has objects that Kubernetes takes', async (folder) => {
    expect(await complaints(objectsOf(folder))).toEqual([]);
  });

  it.each([BASE, EXAMPLE])('%s names the files that are there, and no others', (folder) => {
    const { resources, configMapGenerator } = parse(textOf(folder, 'kustomization.yaml'));
    const envs = configMapGenerator.flatMap((one: any) => one.envs);
    const named = [...resources, ...envs, 'kustomization.yaml'].filter((file: string) => file !== '../../base');
    expect(readdirSync(folder).toSorted()).toEqual(named.toSorted());
  });

  it('sets nothing but settings, and no secret plainly', () => {
    const example = parseEnv(readFileSync('.env.example', 'utf8'));
    for (const folder of [BASE, EXAMPLE]) {
      const set = Object.keys(parseEnv(textOf(folder, 'settings.env')));
      expect(set.filter((name) => !(name in example))).toEqual([]);
      expect(set.filter((name) => secretsOf(withPods).includes(name))).toEqual([]);
    }
  });

  /** Names of the Secret's keys that the pods ask for. */
  function secretsOf(objects: any[]): string[] {
    return objects.flatMap((object) => containerOf(object).env.map(({ name }: any) => name));
  }

  it('gives each process the secrets that it needs, by the names of the settings', () => {
    for (const object of withPods) {
      for (const { name, valueFrom } of containerOf(object).env) {
        expect([name, valueFrom.secretKeyRef]).toEqual([
          name,
          expect.objectContaining({ key: name, name: 'retract-secrets' }),
        ]);
        // With the queue in Postgres there is none; all else has to be there.
        expect([name, valueFrom.secretKeyRef.optional ?? false]).toEqual([name, name === 'QUEUE_URL']);
      }
    }
    const shared = ['DATABASE_URL', 'QUEUE_URL', 'MASTER_KEYS'];
    expect(withPods.map((object) => secretsOf([object]).toSorted())).toEqual([
      [...shared, 'BOOTSTRAP_API_KEY'].toSorted(),
      shared.toSorted(),
      // The owner of the tables is known to nobody else.
      [...shared, 'MIGRATION_DATABASE_URL'].toSorted(),
    ]);
  });

  it('has settings with which api and worker start', () => {
    const given = { ...parseEnv(textOf(BASE, 'settings.env')), ...parseEnv(textOf(EXAMPLE, 'settings.env')) };
    const secrets = {
      DATABASE_URL: 'postgres://u:p@db/retract',
      MASTER_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}`,
      BOOTSTRAP_API_KEY: `rk_${'a'.repeat(64)}`,
    };
    const api = readSettings(apiEnvSchema, { ...given, ...secrets });
    const worker = readSettings(workerEnvSchema, { ...given, ...secrets });
    expect(containerOf(withPods[0]).ports).toEqual([{ name: 'http', containerPort: api.PORT }]);
    expect(containerOf(withPods[1]).ports).toEqual([{ name: 'health', containerPort: worker.WORKER_PORT }]);
    // The kubelet and the Service come from outside of the pod.
    expect([api.HOST, worker.WORKER_HOST]).toEqual(['0.0.0.0', '0.0.0.0']);
  });

  it('asks the door of each process, by the name of its port', () => {
    for (const object of withPods.slice(0, 2)) {
      const container = containerOf(object);
      const port = container.ports[0].name;
      const asked = ['startupProbe', 'livenessProbe', 'readinessProbe'].map((probe) => container[probe].httpGet);
      expect(asked).toEqual(['live', 'live', 'ready'].map((what) => ({ path: `/health/${what}`, port })));
    }
    const { selector, ports } = find('Service', 'retract-api').spec;
    expect([selector, ports]).toEqual([labelsOf('api'), [expect.objectContaining({ targetPort: 'http' })]]);
    const [ingress] = objectsOf(EXAMPLE).filter(({ kind }) => kind === 'Ingress');
    const service = ingress.spec.rules[0].http.paths[0].backend.service;
    expect(service).toEqual({ name: 'retract-api', port: { name: ports[0].name } });
  });

  const labelsOf = (component: string) => ({ 'app.kubernetes.io/component': component });

  it('selects by labels that the pods have', () => {
    for (const object of withPods) {
      const labels = object.metadata.labels;
      expect(object.spec.template.metadata.labels).toEqual(labels);
      if (object.kind !== 'Job') expect(object.spec.selector.matchLabels).toEqual(labels);
      for (const { labelSelector } of podOf(object).topologySpreadConstraints ?? []) {
        expect(labelSelector.matchLabels).toEqual(labels);
      }
    }
    for (const component of ['api', 'worker']) {
      const name = `retract-${component}`;
      expect(find('PodDisruptionBudget', name).spec.selector.matchLabels).toEqual(labelsOf(component));
      const policy = find('NetworkPolicy', name).spec;
      expect(policy.podSelector.matchLabels).toEqual(labelsOf(component));
      const [container] = podOf(find('Deployment', name)).containers;
      expect(policy.ingress[0].ports.map(({ port }: any) => port)).toEqual([container.ports[0].name]);
    }
    // Whatever has no policy of its own may do no more than this one says.
    expect(find('NetworkPolicy', 'retract-all').spec).toMatchObject({
      podSelector: {},
      policyTypes: ['Ingress', 'Egress'],
    });
    expect(find('HorizontalPodAutoscaler', 'retract-worker').spec.scaleTargetRef).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: 'retract-worker',
    });
    expect(find('Deployment', 'retract-worker').spec.replicas).toBeUndefined();
  });

  it('has pods that a namespace with restricted pods takes, and that write to memory alone', () => {
    for (const object of withPods) {
      const pod = podOf(object);
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      expect(pod.automountServiceAccountToken).toBe(false);
      expect(pod.containers).toHaveLength(1);
      expect(containerOf(object).securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(pod.volumes).toEqual([{ name: 'tmp', emptyDir: expect.objectContaining({ medium: 'Memory' }) }]);
      expect(containerOf(object).resources).toMatchObject({
        requests: { cpu: expect.anything(), memory: expect.anything() },
        limits: { memory: expect.anything() },
      });
    }
  });

  it('runs what the image has', () => {
    const dockerfile = readFileSync('Dockerfile', 'utf8');
    const [api, worker, migration] = withPods.map(containerOf);
    expect(dockerfile).toContain(`CMD ${JSON.stringify(api.command).replaceAll(',', ', ')}\n`);
    const compose = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true });
    expect(worker.command).toEqual(compose.services.worker.command);
    expect(migration.command).toEqual(['retract', 'admin', 'migrate']);
    const user = /^USER (\w+)$/m.exec(dockerfile)?.[1];
    // Node's images have it by this number.
    expect([user, podOf(withPods[0]).securityContext.runAsUser]).toEqual(['node', 1000]);
  });
});

describeWith('kubectl', 'kubectl', () => {
  it.each([BASE, EXAMPLE])('makes objects of %s that Kubernetes takes', async (folder) => {
    const { stdout, stderr } = spawnSync('kubectl', ['kustomize', folder], { encoding: 'utf8' });
    expect(stderr).toBe('');
    const made = documents(stdout);
    expect(made.length).toBeGreaterThanOrEqual(base.length);
    expect(await complaints(made)).toEqual([]);
    // The names of ConfigMaps have their content in them, and all that asks for one has that name, too.
    const [settings] = made.filter(({ kind }) => kind === 'ConfigMap');
    for (const object of made.filter(({ kind }) => kind === 'Deployment')) {
      expect(containerOf(object).envFrom).toEqual([{ configMapRef: { name: settings.metadata.name } }]);
    }
  });
});
