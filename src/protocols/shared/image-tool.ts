import { invalidRequest } from '../../common/gateway-error.js';
import type { ResolvedModel } from '../../models/resolved-model.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { isObject } from './json-body.js';

const IMAGE_TOOL = 'image_generation';

/** The body with the tool that makes pictures, where the model's name asks for it and the client has not brought it. */
export function withImageTool(body: JsonObject, { image }: Pick<ResolvedModel, 'image'>): JsonObject {
  if (!image || (body.tools != null && !Array.isArray(body.tools))) return body;
  const tools = (body.tools ?? []) as unknown[];
  return tools.some((tool) => isObject(tool) && tool.type === IMAGE_TOOL) ? body : { ...body, tools: [...tools, { type: IMAGE_TOOL }] };
}

/** For dialects whose answers have no place for a picture. */
export function refuseImageName({ image, requested }: Pick<ResolvedModel, 'image' | 'requested'>): void {
  if (!image) return;
  throw invalidRequest(`'${requested.slice(0, 100)}' asks for pictures, which answers of this API cannot carry.`, 'model', 'invalid_value');
}
