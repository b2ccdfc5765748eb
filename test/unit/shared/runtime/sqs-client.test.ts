import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { expect, test, vi } from 'vitest';
import { createSqsClient } from '../../../../lambdas/shared/runtime/sqs-client.ts';
import { FakeAws } from '../../../support/fake-aws.ts';

const aws = new FakeAws().install();

test('sends requests to the configured endpoint without a warning, even if the host of the queue URL does not resolve', async () => {
  const warn = vi.spyOn(console, 'warn');
  const QueueUrl = aws.queueUrl('work');
  await createSqsClient().send(new GetQueueAttributesCommand({ QueueUrl }));
  expect(aws.requests).toEqual([{ target: 'GetQueueAttributes', body: { QueueUrl } }]);
  expect(warn).not.toHaveBeenCalled();
  warn.mockRestore();
});
