import { App } from 'aws-cdk-lib';
import { configOf } from '../lib/config.ts';
import { Platform } from '../lib/platform.ts';

const app = new App();
const wish = (name: string, variable: string): string | undefined =>
  app.node.tryGetContext(name) ?? process.env[variable];

new Platform(
  app,
  configOf(wish('stage', 'ONCEBOX_STAGE') ?? 'local', {
    baseUrl: wish('baseUrl', 'ONCEBOX_BASE_URL'),
    alarmEmail: wish('alarmEmail', 'ONCEBOX_ALARM_EMAIL'),
  }),
);
