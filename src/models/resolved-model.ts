/** A client's model name, resolved for the backend. */
export interface ResolvedModel {
  /** As the client wrote it; replies show this. */
  readonly requested: string;
  /** The backend's name, without suffixes. */
  readonly slug: string;
  /** What is sent as `reasoning.effort`; null: nothing is sent. */
  readonly effort: string | null;
  /** What was asked for, by the name or else by the body, whatever the model makes of it; null: nothing was. */
  readonly askedEffort: string | null;
  /** `service_tier: "priority"` is sent. */
  readonly priority: boolean;
  /** The tool that makes pictures is added. */
  readonly image: boolean;
  /** False where the catalogue says that the model refuses the member. */
  readonly supportsVerbosity: boolean;
  readonly supportsSummary: boolean;
}

/** What the body asks of the model. `param`: the dialect's own name of the effort, for the error. */
export interface AskedOfModel {
  readonly effort?: string | null;
  readonly param?: string;
}

export type ResolveModel = (name: string, asked?: AskedOfModel) => ResolvedModel;
