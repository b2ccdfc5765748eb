import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { scratchDir } from '../../localstack/engine.ts';
import { readOutput } from '../../localstack/processes.ts';
import { preparePython } from '../../localstack/python.ts';
import { root } from '../../localstack/settings.ts';

/** The only service of the compose file, as PyYAML parses it. The embedded engine brings PyYAML along. */
let service: Record<string, unknown>;

const PARSE = 'import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1])), sys.stdout)';

beforeAll(async () => {
  const { command, pythonPath } = await preparePython(scratchDir(), undefined);
  const file = join(root, 'localstack', 'docker-compose.yml');
  const env = { ...process.env, ...(pythonPath ? { PYTHONPATH: pythonPath } : {}) };
  const { code, output } = await readOutput(spawn(command, ['-c', PARSE, file], { env }));
  expect(code, output).toBe(0);
  const { services, ...others } = JSON.parse(output) as { services: Record<string, Record<string, unknown>> };
  expect(others).toEqual({});
  expect(Object.keys(services)).toEqual(['localstack']);
  service = services['localstack'] ?? {};
});

describe('the compose file', () => {
  test('pins the last version of LocalStack that needs no token', () => {
    expect(service['image']).toBe('localstack/localstack:4.14.0');
  });

  test('publishes one port, on the loopback interface, at the port of the settings', () => {
    // LocalStack checks no credentials, so no other machine may reach it.
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Docker Compose replaces it.
    expect(service['ports']).toEqual(['127.0.0.1:${ONCEBOX_ENGINE_PORT:-4566}:4566']);
  });

  test('mounts the Docker socket, by which LocalStack runs functions, and nothing else of this machine', () => {
    expect(service['volumes']).toEqual(['/var/run/docker.sock:/var/run/docker.sock']);
  });

  test('is healthy when LocalStack responds, within two minutes', () => {
    expect(service['healthcheck']).toEqual({
      test: ['CMD', 'curl', '--fail', '--silent', 'http://127.0.0.1:4566/_localstack/health'],
      interval: '2s',
      timeout: '5s',
      retries: 60,
    });
  });

  test('lets functions for arm64 run on any machine, and reports nothing to LocalStack', () => {
    expect(service['environment']).toEqual({
      LAMBDA_IGNORE_ARCHITECTURE: '1',
      EAGER_SERVICE_LOADING: '0',
      DISABLE_EVENTS: '1',
      LAMBDA_RUNTIME_ENVIRONMENT_TIMEOUT: '60',
      LAMBDA_KEEPALIVE_MS: '600000',
    });
  });
});
